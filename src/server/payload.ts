import type { Push } from "../core/awaited.ts"
import type { Revision } from "../core/model.ts"

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

/** Far more than one push moves in earnest. */
const pushesMax = 50

/**
 * The refs that a delivery says have moved, as GitHub, GitLab and Gitea (`ref`, `before`, `after`), Bitbucket Cloud, Data
 * Center and Azure DevOps write them. What doesn't look like a ref that now stands at a commit is left out.
 */
export function pushesIn(body: Buffer): readonly Push[] {
  const payload = parsed(body.toString("utf8"))
  const branch = [at(payload, "repository"), at(payload, "project")].map((place) => at(place, "default_branch"))
  const defaultBranch = branch.find((name) => typeof name === "string") ?? null
  const moves = [
    { ref: at(payload, "ref"), before: at(payload, "before"), after: at(payload, "after") },
    ...listOf(at(at(payload, "push"), "changes")).map((change) => ({
      ref: cloudRef(at(change, "new")),
      before: at(at(at(change, "old"), "target"), "hash"),
      after: at(at(at(change, "new"), "target"), "hash"),
    })),
    ...listOf(at(payload, "changes")).map((change) => ({
      ref: at(at(change, "ref"), "id"),
      before: at(change, "fromHash"),
      after: at(change, "toHash"),
    })),
    ...listOf(at(at(payload, "resource"), "refUpdates")).map((update) => ({
      ref: at(update, "name"),
      before: at(update, "oldObjectId"),
      after: at(update, "newObjectId"),
    })),
  ]
  return moves.flatMap(({ ref, before, after }) =>
    typeof ref === "string" && ref.startsWith("refs/") && isCommit(after)
      ? [{ ref, before: isCommit(before) ? before : null, after, defaultBranch }]
      : [],
  )
}

/** Bitbucket Cloud writes a short name beside its kind. */
function cloudRef(ref: unknown): string {
  return `${at(ref, "type") === "tag" ? "refs/tags/" : "refs/heads/"}${String(at(ref, "name"))}`
}

/** All zeros stand for a ref that isn't there. */
function isCommit(value: unknown): value is Revision {
  return typeof value === "string" && /^[0-9a-f]{40}$/.test(value) && !/^0+$/.test(value)
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value.slice(0, pushesMax) : []
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
