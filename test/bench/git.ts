import { execFile, execFileSync } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import fs from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import git from "isomorphic-git"
import http from "isomorphic-git/http/node"
import { GitRemotes } from "../../src/git/remotes.ts"
import type { Remote } from "../../src/core/source.ts"
import { systemClock } from "../../src/lib/clock.ts"
import { openGitServer } from "../support/git-server.ts"

/**
 * `npm run bench:git`: what a poll and a one-file commit cost in a repository of 20,000 files: requests, bytes that the
 * server sends, and wall time; beside git itself and isomorphic-git as it comes, against the same server.
 */
const filesMax = Number(process.argv[2] ?? 20_000)
const signal = new AbortController().signal
const folder = mkdtempSync(join(tmpdir(), "lockstep-bench-"))
await using server = await openGitServer()
const repository = server.createRepository("large")
const file = (n: number) => `team_${n % 50}/area_${n % 400}/file_${n}.py`
const text = (n: number, what: string) => `# ${n}\n${what} = ${n}\n`.repeat(20)
repository.commit(Object.fromEntries(Array.from({ length: filesMax }, (_, n) => [file(n), text(n, "old")])))
repository.commit({ "prefect.yaml": "deployments: []\n" })

async function measure(who: string, what: string, work: () => Promise<unknown>): Promise<void> {
  const [requests, started] = [server.requests.length, performance.now()]
  await work()
  const seconds = (performance.now() - started) / 1000
  const seen = server.requests.slice(requests)
  const bytes = seen.reduce((sum, { responseBytes }) => sum + responseBytes, 0)
  console.log(`| ${who} | ${what} | ${seen.length} | ${bytes} | ${seconds.toFixed(2)} |`)
}

const [first, none, one] = ["first read", "poll, nothing new", "poll and read a one-file commit"]
const change = (n: number) => repository.commit({ [file(7)]: text(n, "new") })

async function lockstep(): Promise<void> {
  const options = { stateDir: join(folder, "state"), clock: systemClock }
  const secrets = { read: () => Promise.reject(new Error("no secrets")), mask: (said: string) => said }
  await using remotes = new GitRemotes({ ...options, secrets })
  const remote: Remote = { url: repository.url, credentials: null, caFile: null }
  const look = async (): Promise<void> => {
    const { revision } = await remotes.resolve(remote, { kind: "head" }, 0, signal)
    const tree = await remotes.tree(remote, revision, signal)
    const oid = tree.entries.get(file(7))?.oid ?? ""
    await remotes.blobs(remote, revision, [oid], 1_000_000, signal)
  }
  await measure("Lockstep", first, look)
  await measure("Lockstep", none, look)
  change(1)
  await measure("Lockstep", one, look)
}

async function commandLine(): Promise<void> {
  const dir = join(folder, "git")
  // Not execFileSync: the server is in this process.
  const run = (...args: readonly string[]): Promise<void> =>
    new Promise((done, failed) => execFile("git", [...args], (error) => (error ? failed(error) : done())))
  const pull = async (): Promise<void> => {
    await run("-C", dir, "fetch", "--quiet", "--depth=1", "origin", "main")
    await run("-C", dir, "reset", "--quiet", "--hard", "FETCH_HEAD")
  }
  await measure("git", first, () => run("clone", "--quiet", "--depth=1", "--filter=blob:none", repository.url, dir))
  await measure("git", none, pull)
  change(2)
  await measure("git", one, pull)
}

async function isomorphic(): Promise<void> {
  const dir = join(folder, "isomorphic")
  const fetch = () => git.fetch({ fs, http, dir, ref: "main", depth: 1, singleBranch: true })
  await git.init({ fs, dir })
  await git.addRemote({ fs, dir, remote: "origin", url: repository.url })
  await measure("isomorphic-git", first, fetch)
  await measure("isomorphic-git", none, fetch)
  change(3)
  await measure("isomorphic-git", one, fetch)
}

try {
  console.log(`${filesMax} files; ${execFileSync("git", ["--version"], { encoding: "utf8" }).trim()}\n`)
  console.log("| client | what | requests | bytes received | seconds |\n|---|---|--:|--:|--:|")
  await lockstep()
  await commandLine()
  await isomorphic()
} finally {
  rmSync(folder, { recursive: true, force: true })
}
