/** Far more than one event has. */
const urlsMax = 50

/**
 * The URLs under which a delivery names its repositories, as GitHub, GitLab, Gitea, Bitbucket and Azure DevOps write
 * them. Only a hint where to look: what isn't there, or isn't JSON, names none.
 */
export function repositoriesIn(body: Buffer): readonly string[] {
  const payload = parsed(body.toString("utf8"))
  const places = [at(payload, "repository"), at(payload, "project"), at(at(payload, "resource"), "repository")]
  const urls = places.flatMap((place) => [
    ...urlKeys.map((key) => at(place, key)),
    ...hrefs(at(at(place, "links"), "html")),
    ...hrefs(at(at(place, "links"), "clone")),
    ...hrefs(at(at(place, "links"), "self")).map((url) => (typeof url === "string" ? dataCenter(url) : null)),
  ])
  return urls.filter((url) => typeof url === "string").slice(0, urlsMax)
}

const urlKeys =
  "clone_url ssh_url html_url git_url git_http_url git_ssh_url http_url web_url url homepage remoteUrl sshUrl webUrl".split(
    " ",
  )

/** GitHub can send a form whose one field is the JSON. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text.startsWith("payload=") ? (new URLSearchParams(text).get("payload") ?? "") : text)
  } catch {
    return null
  }
}

function at(value: unknown, key: string): unknown {
  return typeof value === "object" && value !== null && Object.hasOwn(value, key)
    ? (value as Readonly<Record<string, unknown>>)[key]
    : undefined
}

function hrefs(links: unknown): readonly unknown[] {
  return [links]
    .flat()
    .slice(0, 10)
    .map((link) => at(link, "href"))
}

/** Bitbucket Data Center names the page of a repository; Git has it elsewhere. */
function dataCenter(page: string): string {
  return page.replace(/\/(?:projects|users)\/([^/]+)\/repos\/([^/]+).*$/, "/scm/$1/$2")
}
