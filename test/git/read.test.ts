import { execFileSync } from "node:child_process"
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import t from "tap"
import { openGitServer, type GitRepository } from "../support/git-server.ts"
import { failureOf, readAll, textsAt } from "./read-all.ts"
import { asRevision, head, openClient, remoteAt, signal } from "./remote.ts"

/** Reading one commit after another, over restarts, reverts and second thoughts. */

await using server = await openGitServer()

function repositoryWith(
  name: string,
  files: Readonly<Record<string, string>> = { "prefect.yaml": "one" },
): GitRepository {
  const repository = server.createRepository(name)
  repository.commit(files)
  return repository
}

await t.test("commits that undo each other can be read for ever, also after a restart", async (t) => {
  const stateDir = mkdtempSync(join(tmpdir(), "lockstep-revert-"))
  t.teardown(() => rmSync(stateDir, { recursive: true }))
  const flows = Object.fromEntries(Array.from({ length: 60 }, (_, n) => [`flows/flow_${n}.py`, `${n}`]))
  const repository = repositoryWith("revert", { ...flows, "prefect.yaml": "one" })
  for (const text of ["two", "one", "two", "one", "three"]) {
    repository.commit({ "prefect.yaml": text, "flows/flow_7.py": text })
    await using client = openClient({ stateDir })
    const { texts } = await readAll(client.git, remoteAt(repository.url))
    t.strictSame(texts, { ...flows, "prefect.yaml": text, "flows/flow_7.py": text })
  }
})

await t.test("what was fetched before a restart isn't fetched again", async (t) => {
  const stateDir = mkdtempSync(join(tmpdir(), "lockstep-restart-"))
  t.teardown(() => rmSync(stateDir, { recursive: true }))
  const remote = remoteAt(repositoryWith("restart").url)
  await using before = openClient({ stateDir })
  const { resolution } = await readAll(before.git, remote)
  server.requests.length = 0

  await using after = openClient({ stateDir })
  await after.git.tree(remote, resolution.revision, signal)

  t.equal(server.requests.length, 0)
})

await t.test("an older commit can be read by its id", async (t) => {
  const repository = repositoryWith("older")
  const first = asRevision(repository.git("rev-parse", "HEAD"))
  repository.commit({ "prefect.yaml": "two" })
  await using client = openClient()
  await readAll(client.git, remoteAt(repository.url))

  t.strictSame(await textsAt(client.git, remoteAt(repository.url), first), { "prefect.yaml": "one" })
})

await t.test("names that are odd, but allowed, are read as they are", async (t) => {
  const files = { "dev\\x2ddisk.swap": "1", "ü/ñ é.py": "2", "a.b/c": "3", "a-b": "4", "a/b": "5", "...": "6" }
  const repository = repositoryWith("odd", files)
  await using client = openClient()

  t.strictSame((await readAll(client.git, remoteAt(repository.url))).texts, files)
})

await t.test("who asks while an older poll is under way gets the next one, and all such share it", async (t) => {
  const repository = repositoryWith("late")
  const time = { now: 1_000 }
  const clock = { now: () => time.now, elapsed: () => time.now, random: () => 0, sleep: async () => undefined }
  await using client = openClient({ clock })
  const poll = (maxAgeMs: number) => client.git.resolve(remoteAt(repository.url), head, maxAgeMs, signal)
  await poll(0)
  server.requests.length = 0
  server.fault = () => ({ kind: "delay", ms: 80 })
  time.now += 1_000
  const before = poll(0)
  time.now += 1_000
  const revision = repository.commit({ a: "pushed meanwhile" })

  const after = await Promise.all([poll(0), poll(500)])
  await before
  server.fault = null

  t.strictSame([after[0].revision, after[1].revision], [revision, revision])
  t.equal(server.requests.length, 2)
})

await t.test("a fetch ends when its caller gives up, and so does the one that waits for it", async (t) => {
  const remote = remoteAt(repositoryWith("give-up").url)
  await using client = openClient()
  const { revision } = await client.git.resolve(remote, head, 0, signal)
  const impatient = new AbortController()
  server.fault = () => {
    impatient.abort(new Error("enough"))
    return { kind: "hang" }
  }
  const ends = [1, 2].map(() => client.git.tree(remote, revision, impatient.signal))

  for (const end of ends) await t.rejects(end, { message: "enough" })
  server.fault = null
  t.strictSame(await textsAt(client.git, remote, revision), { "prefect.yaml": "one" })
})

await t.test("a state directory that can't be written is a reason for people", async (t) => {
  const remote = remoteAt(repositoryWith("read-only").url)
  const stateDir = join(t.testdir({}), "file")
  writeFileSync(stateDir, "")
  await using client = openClient({ stateDir })

  const error = await failureOf(readAll(client.git, remote))

  t.match(error, { kind: "transient", code: "git-cache", message: "is the disk full or read-only?" })
})

await t.test("repositories that aren't used any more are forgotten, on disk too", async (t) => {
  const [kept, left] = [remoteAt(repositoryWith("kept").url), remoteAt(repositoryWith("left").url)]
  const stateDir = t.testdir({ git: { ["0".repeat(32)]: { config: "of an earlier process" }, other: "not ours" } })
  await using client = openClient({ stateDir })
  const { git } = client
  await readAll(git, kept)
  const names = readdirSync(join(stateDir, "git"))
  await readAll(git, left)

  await git.retain([kept], signal)

  t.strictSame(
    readdirSync(join(stateDir, "git")).toSorted(),
    names.filter((name) => name !== "0".repeat(32)).toSorted(),
  )
  server.requests.length = 0
  await readAll(git, kept)
  t.equal(server.requests.length, 1)
  t.strictSame((await readAll(git, left)).texts, { "prefect.yaml": "one" })
})

await t.test("each operation is told, with how it ended", async (t) => {
  const remote = remoteAt(repositoryWith("told").url)
  const told: string[] = []
  await using client = openClient({ onRequest: ({ operation, result }) => told.push(`${operation} ${result}`) })
  await readAll(client.git, remote)
  server.fault = () => ({ kind: "answer", status: 500 })
  await failureOf(client.git.resolve(remote, head, -1, signal))
  server.fault = null

  t.strictSame(told, ["ls-refs ok", "fetch ok", "blobs ok", "ls-refs error"])
})

await t.test("nothing asked for is no request, and a file in two places is fetched once", async (t) => {
  const remote = remoteAt(repositoryWith("few", { a: "same", "b/c": "same", empty: "" }).url)
  await using client = openClient()
  const { revision } = await client.git.resolve(remote, head, 0, signal)
  const { entries } = await client.git.tree(remote, revision, signal)
  const oids = ["a", "b/c", "empty"].map((path) => entries.get(path)?.oid ?? "")
  server.requests.length = 0

  t.equal((await client.git.blobs(remote, revision, [], 10, signal)).size, 0)
  t.equal(server.requests.length, 0)
  t.equal((await client.git.blobs(remote, revision, oids, 10, signal)).size, 2)
  t.equal(server.requests.length, 1)
})

await t.test("more files than fit into one request come in two", async (t) => {
  const files = Object.fromEntries(Array.from({ length: 2_600 }, (_, n) => [`f/${n}.py`, `${n}`]))
  const { url, folder } = repositoryWith("wants")
  const entries = Object.entries(files).map(([path, text]) => `M 644 inline ${path}\ndata ${text.length}\n${text}\n`)
  const commit = `commit refs/heads/main\ncommitter Ada <ada@example.com> 1700000000 +0000\ndata 1\nx\n${entries.join("")}`
  execFileSync("git", ["-C", folder, "fast-import", "--quiet", "--force"], { input: commit })
  const remote = remoteAt(url)
  await using client = openClient()

  t.strictSame((await readAll(client.git, remote)).texts, files)
})
