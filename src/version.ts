import { existsSync, readFileSync } from "node:fs"

const above = new URL("../", import.meta.url)

/** The version has one home, package.json; it lies one folder up both from `src` and from `dist`. */
export const version = (JSON.parse(readFileSync(new URL("package.json", above), "utf8")) as { version: string }).version

/** The commit that this was built from, where that is known: the build writes it, a checkout can tell. */
export const commit = readCommit()

function readCommit(): string | null {
  const built = process.env["LOCKSTEP_COMMIT"]
  if (built && built !== "unknown") return built.slice(0, 10)
  const stamp = new URL("dist/COMMIT", above)
  if (existsSync(stamp)) return readFileSync(stamp, "utf8").trim().slice(0, 10)
  return readHead()
}

/** Without running git: HEAD is a commit, or names the file that holds one. */
function readHead(): string | null {
  try {
    const head = readFileSync(new URL(".git/HEAD", above), "utf8").trim()
    const id = head.startsWith("ref: ") ? readFileSync(new URL(`.git/${head.slice(5)}`, above), "utf8").trim() : head
    return /^[0-9a-f]{40}$/.test(id) ? id.slice(0, 10) : null
  } catch {
    return null
  }
}
