import { createHash } from "node:crypto"
import { createServer, type Socket } from "node:net"
import type { AddressInfo } from "node:net"
import t from "tap"
import { pkt } from "../../src/git/pkt-line.ts"
import type { GitError } from "../../src/lib/errors.ts"
import { openGitServer, type Fault, type GitRepository } from "../support/git-server.ts"
import { failureOf, readAll } from "./read-all.ts"
import { head, openClient, remoteAt, signal, type Client } from "./remote.ts"

/** Servers that are away, slow, or lie: every failure has its reason and its kind, and none is taken for an absence. */

await using server = await openGitServer()
const short = { idleMs: 500, requestMs: 2_000 }
/** For a server that hangs one of little patience; what else is asked has no bound that a busy machine could come near to. */
const impatient = ({ stateDir }: Client, fault: Fault): Client =>
  openClient({ stateDir, ...(fault.kind === "hang" && { timeouts: short }) })
const page = { status: 200, headers: { "content-type": "text/html" }, body: "<html>Sign in</html>" }
const advertised = { status: 200, headers: { "content-type": "application/x-git-upload-pack-advertisement" } }
const result = { status: 200, headers: { "content-type": "application/x-git-upload-pack-result" } }
const answer = (body: string): Fault => ({ kind: "answer", ...result, body: Buffer.from(body, "latin1") })
const flush = "0000"
const oid = "1".repeat(40)

type Row = readonly [what: string, fault: Fault, expected: Partial<Pick<GitError, "code" | "kind" | "message">>]

/** What may be wrong with any of the requests. */
const always: readonly Row[] = [
  ["401", { kind: "answer", status: 401 }, { code: "git-unauthorized", kind: "stalled" }],
  ["203, Azure's 401", { ...page, kind: "answer", status: 203 }, { code: "git-unauthorized", kind: "stalled" }],
  ["403", { kind: "answer", status: 403 }, { code: "git-forbidden", kind: "stalled" }],
  ["404", { kind: "answer", status: 404 }, { code: "git-repository-not-found", kind: "stalled" }],
  ["500", { kind: "answer", status: 500 }, { code: "git-status", kind: "transient" }],
  ["503", { kind: "answer", status: 503 }, { code: "git-status", kind: "transient" }],
  ["a page with 200", { kind: "answer", ...page }, { code: "git-not-git", kind: "stalled" }],
  ["a broken connection", { kind: "cut", afterBytes: 0 }, { code: "git-unreachable", kind: "transient" }],
  ["one broken half way", { kind: "cut", afterBytes: 40 }, { code: "git-unreachable", kind: "transient" }],
  ["nothing", { kind: "change", change: () => Buffer.alloc(0) }, { code: "git-bad-answer", kind: "transient" }],
  ["less than all", { kind: "change", change: (body) => body.subarray(0, -4) }, { code: "git-bad-answer" }],
  ["less than a packet", { kind: "change", change: (body) => body.subarray(0, -2) }, { code: "git-bad-answer" }],
  ["noise", { kind: "change", change: () => Buffer.from("<html>") }, { code: "git-bad-answer", kind: "transient" }],
]

/** Each takes its time. */
const slow: readonly Row[] = [
  ["no answer", { kind: "hang" }, { code: "git-timeout", kind: "transient" }],
  ["half an answer", { kind: "hang", afterBytes: 30 }, { code: "git-timeout", kind: "transient" }],
]

/** With the list of refs. */
const listing: readonly Row[] = [
  ...always,
  ...slow,
  ["an empty list", answer(flush), { code: "git-no-refs", kind: "stalled" }],
  ["an unborn HEAD only", answer(pkt("unborn HEAD\n") + flush), { code: "git-no-refs", kind: "stalled" }],
  ["a refusal", answer(pkt("ERR access denied\n")), { code: "git-refused", kind: "stalled" }],
  ["a refusal with an end", answer(pkt("ERR go away\n") + flush), { code: "git-refused", kind: "stalled" }],
  ["a list of nonsense", answer(pkt("hello world\n") + flush), { code: "git-bad-answer" }],
  ["a list that goes on", answer(pkt(`${oid} HEAD\n`) + flush + pkt(`${oid} x\n`)), { code: "git-bad-answer" }],
  ["a ref that is gone", answer(pkt(`${oid} HEAD\n`) + flush), { code: "ref-not-found", kind: "stalled" }],
]

/** With the pack of a commit. */
const packs: readonly Row[] = [
  ...always,
  ["a corrupt byte", { kind: "change", change: flipped }, { code: "git-bad-answer", kind: "transient" }],
  ["band 3", answer(banded(3, "unable to read blob")), { code: "git-refused", kind: "transient" }],
  ["band 3 behind data", answer(banded(1, "PACK", 3, "died")), { code: "git-refused", kind: "transient" }],
  ["an error packet", answer(pkt("ERR out of memory\n")), { code: "git-refused", kind: "transient" }],
  ["no pack", answer(pkt("acknowledgments\n") + flush), { code: "git-bad-answer", kind: "transient" }],
  ["an unknown band", answer(banded(7, "x")), { code: "git-refused", kind: "transient" }],
  [
    "no such commit",
    answer(pkt(`ERR upload-pack: not our ref ${oid}`)),
    { code: "revision-not-found", kind: "stalled" },
  ],
  ["an empty pack", answer(banded(1, emptyPack())), { code: "git-bad-answer", kind: "transient" }],
]

await t.test("a list of refs that is anything but whole and proper is never taken for an absent ref", async (t) => {
  const repository = repositoryWith("listing")
  const ref = { kind: "branch", name: "main" } as const
  for (const [what, fault, expected] of listing) {
    await using client = openClient()
    await using other = impatient(client, fault)
    const { git } = client
    await git.resolve(remoteAt(repository.url), ref, -1, signal)
    server.fault = ({ method }) => (method === "POST" ? fault : null)
    const failure = await failureOf(other.git.resolve(remoteAt(repository.url), ref, -1, signal))
    t.match(failure, { ...expected, message: /Git server|127\.0\.0\.1/ }, what)
    server.fault = null
    t.match(
      await git.resolve(remoteAt(repository.url), ref, -1, signal),
      { branch: "main" },
      `${what}, and then all is well`,
    )
  }
})

await t.test("with the old protocol too", async (t) => {
  const repository = repositoryWith("old-listing")
  const lines = `${pkt("# service=git-upload-pack\n")}${flush}`
  const old = (body: string): Fault => ({ kind: "answer", ...advertised, body: lines + body })
  const rows: readonly Row[] = [
    ...always.filter(([what]) => what !== "less than a packet"),
    ["an empty repository", old(pkt(`${"0".repeat(40)} capabilities^{}\0shallow\n`) + flush), { code: "git-no-refs" }],
    ["nothing at all", old(flush), { code: "git-bad-answer" }],
    ["a refusal", old(pkt("ERR no\n") + flush), { code: "git-refused", kind: "stalled" }],
    ["nonsense", old(pkt(`${oid} HEAD\0shallow\n`) + pkt("x\n") + flush), { code: "git-bad-answer" }],
    ["a ref that is gone", old(pkt(`${oid} HEAD\0shallow\n`) + flush), { code: "ref-not-found", kind: "stalled" }],
    [
      "SHA-256",
      old(pkt(`${oid} HEAD\0object-format=sha256\n`) + flush),
      { code: "git-object-format", kind: "stalled" },
    ],
  ]
  for (const [what, fault, expected] of rows) {
    await using client = openClient()
    const { git } = client
    server.fault = () => fault
    const failure = await failureOf(git.resolve(remoteAt(repository.url), { kind: "branch", name: "main" }, 0, signal))
    t.match(failure, expected, what)
  }
  server.fault = null
})

await t.test("a pack that is anything but whole and proper leaves nothing behind", async (t) => {
  const repository = repositoryWith("packs", { "prefect.yaml": "one", "a/b.py": "x" })
  for (const [what, fault, expected] of [...packs, ...slow]) {
    await using client = openClient()
    await using other = impatient(client, fault)
    const { git } = client
    const { revision } = await git.resolve(remoteAt(repository.url), head, -1, signal)
    server.fault = ({ method }) => (method === "POST" ? fault : null)
    t.match(await failureOf(other.git.tree(remoteAt(repository.url), revision, signal)), expected, what)
    server.fault = null
    const { texts } = await readAll(git, remoteAt(repository.url))
    t.strictSame(texts, { "prefect.yaml": "one", "a/b.py": "x" }, `${what}, and then all is well`)
  }
})

await t.test("files that come broken, or not at all, are an error and never an empty file", async (t) => {
  const repository = repositoryWith("files")
  for (const [what, fault, expected] of packs.filter(([what]) => what !== "no such commit")) {
    await using client = openClient()
    const { git } = client
    const { revision } = await git.resolve(remoteAt(repository.url), head, -1, signal)
    const { entries } = await git.tree(remoteAt(repository.url), revision, signal)
    const oids = [entries.get("prefect.yaml")?.oid ?? ""]
    server.fault = () => fault
    t.match(await failureOf(git.blobs(remoteAt(repository.url), revision, oids, 10, signal)), expected, what)
    server.fault = null
  }
})

await t.test("an increment that the server gets wrong is fetched anew in full", async (t) => {
  const repository = repositoryWith("increment", { "prefect.yaml": "one", "a/b.py": "x" })
  await using client = openClient()
  const { git } = client
  const remote = remoteAt(repository.url)
  await readAll(git, remote)
  for (const [what, fault] of packs.filter(([, , { code }]) => code === "git-refused" || code === "git-bad-answer")) {
    repository.commit({ "prefect.yaml": what })
    const { revision } = await git.resolve(remote, head, -1, signal)
    server.requests.length = 0
    let isFirst = true
    server.fault = ({ method }) => {
      if (method !== "POST" || !isFirst) return null
      isFirst = false
      return fault
    }
    await git.tree(remote, revision, signal)
    server.fault = null
    t.notMatch(server.requests.at(-1)?.body, "have ", what)
  }
})

await t.test("a server that doesn't listen, and a host that doesn't exist", async (t) => {
  await using client = openClient()
  const { git } = client
  const expected = { code: "git-unreachable", kind: "transient" } as const
  t.match(await failureOf(git.resolve(remoteAt("http://127.0.0.1:9/a.git"), head, -1, signal)), {
    ...expected,
    message: "http://127.0.0.1:9/a.git can't be reached: nothing listens there",
  })
  t.match(await failureOf(git.resolve(remoteAt("http://nowhere.invalid/a.git"), head, -1, signal)), {
    ...expected,
    message: /its host name/,
  })
})

await t.test("a server that drips is cut off when its time is up", async (t) => {
  const sockets = new Set<Socket>()
  const drip = createServer((socket) => {
    sockets.add(socket)
    socket.on("error", () => undefined)
    socket.write("HTTP/1.1 200 OK\r\ncontent-type: application/x-git-upload-pack-advertisement\r\n\r\n")
    const timer = setInterval(() => socket.write("0"), 50)
    socket.on("close", () => clearInterval(timer))
  })
  await new Promise<void>((listening) => drip.listen(0, "127.0.0.1", listening))
  const timeouts = { idleMs: 30_000, requestMs: 1_000 }
  await using client = openClient({ timeouts })
  const { git } = client
  const url = `http://127.0.0.1:${(drip.address() as AddressInfo).port}/a.git`

  const failure = await failureOf(git.resolve(remoteAt(url), head, -1, signal))

  t.match(failure, {
    code: "git-timeout",
    kind: "transient",
    message: `nothing more within ${timeouts.requestMs / 1_000} s`,
  })
  for (const socket of sockets) socket.destroy()
  await new Promise((closed) => drip.close(closed))
})

await t.test("an empty repository has no refs, which isn't the same as a ref that is gone", async (t) => {
  const repository = server.createRepository("empty")
  await using client = openClient()
  const { git } = client
  t.match(await failureOf(git.resolve(remoteAt(repository.url), head, -1, signal)), {
    code: "git-no-refs",
    kind: "stalled",
  })
})

await t.test("a server that gives files with their commit only", async (t) => {
  const repository = repositoryWith("commits-only", { "prefect.yaml": "one", "a/b.py": "x" })
  await using client = openClient()
  const { git } = client
  const { revision } = await git.resolve(remoteAt(repository.url), head, -1, signal)
  const { entries } = await git.tree(remoteAt(repository.url), revision, signal)
  const wanted = entries.get("a/b.py")?.oid ?? ""
  server.fault = () => (server.requests.length === 1 ? answer(pkt(`ERR upload-pack: not our ref ${wanted}`)) : null)
  server.requests.length = 0

  const blobs = await git.blobs(remoteAt(repository.url), revision, [wanted], 10, signal)

  t.strictSame(blobs.get(wanted), { kind: "bytes", bytes: Buffer.from("x") })
  server.fault = null
})

function flipped(body: Buffer): Buffer {
  const copy = Buffer.from(body)
  const place = copy.indexOf("PACK") + 20
  copy[place] = (copy[place] ?? 0) ^ 1
  return copy
}

/** An answer to fetch: data in bands. */
function banded(...parts: readonly (number | string)[]): string {
  let text = pkt("packfile\n")
  for (let n = 0; n < parts.length; n += 2) {
    const data = Buffer.from(`${String.fromCharCode(Number(parts[n]))}${parts[n + 1]}`, "latin1")
    text += (data.length + 4).toString(16).padStart(4, "0") + data.toString("latin1")
  }
  return text + flush
}

/** A pack without objects. */
function emptyPack(): string {
  const head = Buffer.from("PACK\0\0\0\u0002\0\0\0\0", "latin1")
  return Buffer.concat([head, createHash("sha1").update(head).digest()]).toString("latin1")
}

function repositoryWith(name: string, files: Readonly<Record<string, string>> = { "prefect.yaml": "" }): GitRepository {
  const repository = server.createRepository(name)
  repository.commit(files)
  return repository
}
