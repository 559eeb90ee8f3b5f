import { execFileSync } from "node:child_process"
import {
  chmodSync,
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs"
import { tmpdir } from "node:os"
import { basename, join } from "node:path"
import t from "tap"
import { pkt } from "../../src/git/pkt-line.ts"
import { openGitServer, withoutFilter, type Fault, type GitRepository } from "../support/git-server.ts"
import { asRevision, failure, head, headTree, openClient, remoteAt, signal, textAt, type Client } from "./remote.ts"

/** What is fetched, kept and read again, from servers of every age: always the same trees and files as git says. */

const server = await openGitServer()
t.teardown(() => server[Symbol.asyncDispose]())

/** All paths of HEAD as git lists them. */
function listed(folder: string): readonly string[] {
  const text = execFileSync("git", ["-C", folder, "ls-tree", "-r", "-t", "-z", "--name-only", "HEAD"])
  return ["", ...text.toString().split("\0").slice(0, -1)].toSorted()
}

const pathsOf = async (client: Client, url: string) =>
  [...(await headTree(client, remoteAt(url))).entries.keys()].toSorted()

/** One commit after another onto main, straight into the bare repository: quick, however many files. */
function commits({ folder }: GitRepository, each: readonly Readonly<Record<string, string>>[], from = false): void {
  const stream = each.flatMap((files, n) => [
    `commit refs/heads/main\ncommitter Ada <ada@example.com> ${1_700_000_000 + n} +0000\ndata 1\nx\n`,
    n === 0 && from ? "from refs/heads/main^0\n" : "",
    ...Object.entries(files).map(([path, text]) => `M 100644 inline ${path}\ndata ${text.length}\n${text}\n`),
  ])
  execFileSync("git", ["-C", folder, "fast-import", "--quiet"], { input: stream.join("") })
}

/** The files below the state folder with that ending. */
function filesIn({ stateDir }: Client, ending: string): readonly string[] {
  const names = readdirSync(stateDir, { recursive: true, encoding: "utf8" })
  return names.filter((name) => name.endsWith(ending)).map((name) => join(stateDir, name))
}

await t.test("servers of every age give the same, at first and after each commit", async (t) => {
  const ages: readonly (readonly [string, Fault | null])[] = [
    ["as today", null],
    ["without-filter", withoutFilter],
    ["old", { kind: "oldProtocol" }],
    ["old-without-filter", { kind: "oldProtocol", settings: { "uploadpack.allowFilter": "false" } }],
  ]
  for (const [age, fault] of ages) {
    const repository = server.createRepository(age.replaceAll(" ", "-"))
    server.fault = () => fault
    await using client = openClient()
    const many = Object.fromEntries(
      Array.from({ length: 60 }, (_, n) => [`d${n % 7}/f${n}.py`, `x = ${n}\n`.repeat(9)]),
    )
    repository.commit({ ...many, "prefect.yaml": "first" })
    const remote = remoteAt(repository.url)
    t.strictSame(await pathsOf(client, repository.url), listed(repository.folder), age)
    t.equal(await textAt(client, remote, "prefect.yaml"), "first", age)
    for (const text of ["second", "first", "third"]) {
      repository.commit({ "prefect.yaml": text, [`d1/${text}.py`]: text })
      t.strictSame(await pathsOf(client, repository.url), listed(repository.folder), age)
      t.equal(await textAt(client, remote, "prefect.yaml"), text, age)
      t.equal(await textAt(client, remote, "d3/f3.py"), "x = 3\n".repeat(9), age)
    }
  }
  server.fault = null
})

await t.test("a server without shallow fetches gives all of it", async (t) => {
  const repository = server.createRepository("deep")
  repository.commit({ a: "1" })
  const hide = (body: Buffer): Buffer => {
    const text = body.toString("latin1")
    const at = text.indexOf("fetch=")
    const line = text.slice(at - 4, at - 4 + Number.parseInt(text.slice(at - 4, at), 16))
    const plain = "fetch=\n"
    return Buffer.from(text.replace(line, (plain.length + 4).toString(16).padStart(4, "0") + plain), "latin1")
  }
  server.fault = ({ method }) => (method === "GET" ? { kind: "change", change: hide } : null)
  await using client = openClient()
  t.equal(await textAt(client, remoteAt(repository.url), "a"), "1")
  repository.commit({ a: "2", "b/c": "3" })
  t.equal(await textAt(client, remoteAt(repository.url), "a"), "2")
  t.strictSame(await pathsOf(client, repository.url), ["", "a", "b", "b/c"])
  server.fault = null
})

await t.test("links, submodules and executables are told apart", async (t) => {
  const repository = server.createRepository("kinds")
  repository.commit({ "flows/a.py": "x", name: "flows" })
  repository.git("update-index", "--add", "--cacheinfo", `160000,${"ab".repeat(20)},lib`)
  // The link's text is that of a file which is there.
  repository.git("update-index", "--add", "--cacheinfo", `120000,${repository.git("rev-parse", "HEAD:name")},link`)
  repository.git("update-index", "--chmod=+x", "flows/a.py")
  repository.git("commit", "--quiet", "--message", "x")
  repository.git("push", "--quiet", "origin", "HEAD:refs/heads/main")
  await using client = openClient()
  const { entries } = await headTree(client, remoteAt(repository.url))
  const kinds = Object.fromEntries([...entries].map(([path, { kind }]) => [path, kind]))
  t.strictSame(kinds, {
    "": "folder",
    flows: "folder",
    "flows/a.py": "file",
    lib: "submodule",
    link: "symlink",
    name: "file",
  })
})

await t.test("a cache that was deleted or damaged between calls is made anew", async (t) => {
  const repository = server.createRepository("damaged")
  const remote = remoteAt(repository.url)
  let number = 0
  const next = () => repository.commit({ "prefect.yaml": `${++number}`, [`f${number}`]: "x" })
  const shrink = (path: string) => truncateSync(path, Math.floor(statSync(path).size / 2))
  const flip = (path: string) => {
    const bytes = readFileSync(path)
    const at = Math.floor(bytes.length / 2)
    bytes[at] = (bytes[at] ?? 0) ^ 255
    rmSync(path)
    writeFileSync(path, bytes)
  }
  const damages: readonly (readonly [string, (client: Client) => void])[] = [
    ["deleted", ({ stateDir }) => rmSync(stateDir, { recursive: true })],
    ["index cut", (client) => filesIn(client, ".idx").forEach((path) => shrink(path))],
    ["index empty", (client) => filesIn(client, ".idx").forEach((path) => truncateSync(path, 0))],
    ["index gone", (client) => filesIn(client, ".idx").forEach((path) => rmSync(path))],
    ["pack cut", (client) => filesIn(client, ".pack").forEach((path) => shrink(path))],
    ["pack gone", (client) => filesIn(client, ".pack").forEach((path) => rmSync(path))],
    ["pack changed", (client) => filesIn(client, ".pack").forEach((path) => flip(path))],
    ["settings empty", (client) => filesIn(client, "config").forEach((path) => truncateSync(path, 0))],
  ]
  for (const [name, damage] of damages) {
    next()
    await using client = openClient()
    await headTree(client, remote)
    next()
    await headTree(client, remote)
    damage(client)
    next()
    t.equal(await textAt(client, remote, "prefect.yaml"), `${number}`, `${name}, the same process`)
    damage(client)
    // Another process: nothing in memory, and the damaged folder.
    await using other = openClient({ stateDir: client.stateDir })
    t.equal(await textAt(other, remote, "prefect.yaml"), `${number}`, `${name}, another process`)
    t.strictSame(await pathsOf(other, repository.url), listed(repository.folder), name)
  }
})

await t.test(
  "each file of the cache cut, emptied or full of rubbish, alone and together with the others",
  async (t) => {
    const repository = server.createRepository("damage")
    const remote = remoteAt(repository.url)
    repository.commit({ "prefect.yaml": "1", "a/b.py": "x" })
    await using client = openClient()
    await headTree(client, remote)
    repository.commit({ "prefect.yaml": "2" })
    await headTree(client, remote)
    const folder = join(client.stateDir, "git")
    const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) =>
      statSync(join(folder, name)).isFile(),
    )
    t.ok(files.length >= 7, files.join(" "))
    const ways: readonly (readonly [string, (path: string) => void])[] = [
      ["cut", (path) => truncateSync(path, Math.floor(statSync(path).size / 2))],
      ["empty", (path) => truncateSync(path, 0)],
      ["rubbish", (path) => writeFileSync(path, Buffer.alloc(300, "rubbish \u0000\n"))],
    ]
    const is = (file: string, ending: string): boolean => file.endsWith(ending)
    const together = [
      files,
      files.filter((file) => is(file, "shallow") || is(file, "wanted")),
      files.filter((file) => is(file, "shallow") || is(file, ".idx")),
      files.filter((file) => is(file, "wanted") || is(file, ".idx")),
      files.filter((file) => is(file, "shallow") || is(file, ".pack") || is(file, "config")),
    ]
    const readWith = async (stateDir: string): Promise<string> => {
      await using other = openClient({ stateDir })
      return await textAt(other, remote, "prefect.yaml")
    }
    for (const [way, damage] of ways) {
      for (const damaged of [...files.map((file) => [file]), ...together]) {
        const stateDir = mkdtempSync(join(tmpdir(), "lockstep-state-"))
        cpSync(folder, join(stateDir, "git"), { recursive: true })
        for (const file of damaged) chmodSync(join(stateDir, "git", file), 0o644)
        for (const file of damaged) damage(join(stateDir, "git", file))
        const what = `${way}: ${damaged.map((file) => basename(file)).join(" ")}`
        t.equal(await readWith(stateDir), "2", `${what}, what was there`)
        repository.commit({ "prefect.yaml": "3" })
        t.equal(await readWith(stateDir), "3", `${what}, a new commit`)
        repository.git("reset", "--quiet", "--hard", "HEAD^")
        repository.git("push", "--quiet", "--force", "origin", "HEAD:refs/heads/main")
        rmSync(stateDir, { recursive: true })
      }
    }
  },
)

await t.test(
  "a commit that the server lists and doesn't give yet is waited for, one that it doesn't list is missing",
  async (t) => {
    const repository = server.createRepository("behind")
    const first = repository.commit({ "prefect.yaml": "1" })
    const remote = remoteAt(repository.url)
    await using client = openClient()
    await headTree(client, remote)
    repository.commit({ "prefect.yaml": "2" })
    const body = Buffer.from(pkt("ERR upload-pack: not our ref 123"))
    const headers = { "content-type": "application/x-git-upload-pack-result" }
    const { revision } = await client.git.resolve(remote, head, 0, signal)
    server.fault = ({ method }) => (method === "POST" ? { kind: "answer", status: 200, headers, body } : null)
    t.strictSame(await failure(client.git.tree(remote, revision, signal)), ["revision-not-yet", "transient"])
    const gone = asRevision("ab".repeat(20))
    t.strictSame(await failure(client.git.tree(remote, gone, signal)), ["revision-not-found", "stalled"])
    server.fault = null
    t.equal(await textAt(client, remote, "prefect.yaml"), "2", "and then it is there")
    t.not(revision, first)
  },
)

await t.test("after many commits the packs are few", async (t) => {
  const repository = server.createRepository("packs")
  await using client = openClient()
  const remote = remoteAt(repository.url)
  const all = Array.from({ length: 36 }, (_, n) => ({ "a/b": `${n}` }))
  commits(repository, all)
  const revisions = execFileSync("git", ["-C", repository.folder, "rev-list", "--reverse", "main"], {
    encoding: "utf8",
  })
  for (const revision of revisions.trim().split("\n")) await client.git.tree(remote, asRevision(revision), signal)
  t.ok(filesIn(client, ".pack").length <= 33)
  t.equal(await textAt(client, remote, "a/b"), "35")
})

await t.test("a file that is too large is told by its size, and the others are read", async (t) => {
  const repository = server.createRepository("large")
  repository.commit({ large: "x".repeat(5_000), small: "y" })
  await using client = openClient()
  const remote = remoteAt(repository.url)
  const { revision, entries } = await headTree(client, remote)
  const [large = "", small = ""] = ["large", "small"].map((path) => entries.get(path)?.oid)
  const blobs = await client.git.blobs(remote, revision, [large, small, large], 1_000, signal)
  t.strictSame(blobs.get(large), { kind: "too-large", size: 5_000 })
  t.strictSame(blobs.get(small), { kind: "bytes", bytes: Buffer.from("y") })
  await t.rejects(client.git.blobs(remote, revision, ["ab".repeat(20)], 1_000, signal), { name: "GitError" })
})

await t.test("a commit of one file costs a few kilobytes in a repository of 5,000", async (t) => {
  const repository = server.createRepository("cost")
  const files = Array.from({ length: 5_000 }, (_, n) => [`d${n % 50}/e${n % 9}/f${n}.py`, `x = ${n}\n`] as const)
  commits(repository, [{ ...Object.fromEntries(files), "prefect.yaml": "first" }])
  await using client = openClient()
  const remote = remoteAt(repository.url)
  t.equal(await textAt(client, remote, "prefect.yaml"), "first")
  commits(repository, [{ "prefect.yaml": "second" }], true)
  const before = server.requests.length
  t.equal(await textAt(client, remote, "prefect.yaml"), "second")
  const asked = server.requests.slice(before)
  const bytes = asked.reduce((sum, { responseBytes }) => sum + responseBytes, 0)
  t.strictSame([asked.length, bytes < 5_000], [3, true], `${bytes} bytes`)
  await headTree(client, remote)
  t.equal(server.requests.length - before, 4)
})
