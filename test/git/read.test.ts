import { rmSync, readdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import t from "tap"
import type { Revision } from "../../src/core/model.ts"
import type { Ref } from "../../src/core/source.ts"
import { at, failureOf, head, openRig, readAll, signal, textsAt } from "./rig.ts"

await using rig = await openRig()
const { server, git } = rig

await t.test("each kind of ref leads to its commit", async (t) => {
  const repository = rig.repository("refs")
  const first = repository.git("rev-parse", "HEAD")
  repository.git("tag", "light")
  repository.git("tag", "--annotate", "--message", "x", "noted")
  repository.git("tag", "--annotate", "--message", "x", "twice", "noted")
  repository.git("push", "--quiet", "origin", "light", "noted", "twice")
  const second = repository.commit({ a: "2" }, "topic/one")
  repository.git("push", "--quiet", "origin", "HEAD:refs/custom/x")
  const cases: readonly [Ref, string, string | null, string | null][] = [
    [head, first, "refs/heads/main", "main"],
    [{ kind: "branch", name: "main" }, first, "refs/heads/main", "main"],
    [{ kind: "branch", name: "topic/one" }, second, "refs/heads/topic/one", "topic/one"],
    [{ kind: "tag", name: "light" }, first, "refs/tags/light", null],
    [{ kind: "tag", name: "noted" }, first, "refs/tags/noted", null],
    [{ kind: "tag", name: "twice" }, first, "refs/tags/twice", null],
    [{ kind: "name", name: "refs/heads/main" }, first, "refs/heads/main", "main"],
    [{ kind: "name", name: "refs/custom/x" }, second, "refs/custom/x", null],
    [{ kind: "commit", id: first }, first, null, null],
  ]
  for (const oldProtocol of [false, true]) {
    server.fault = oldProtocol ? () => ({ kind: "oldProtocol" }) : null
    await using fresh = rig.again()
    for (const [ref, revision, refName, branch] of cases) {
      const found = await fresh.resolve(at(repository), ref, 0, signal)
      t.strictSame(found, { revision, refName, branch }, `${ref.kind}${oldProtocol ? ", old protocol" : ""}`)
    }
  }
  server.fault = null
})

await t.test("a branch is not taken for another that begins like it", async (t) => {
  const repository = rig.repository("prefix")
  repository.commit({ a: "2" }, "release-2")

  const error = await failureOf(git.resolve(at(repository), { kind: "branch", name: "release" }, 0, signal))

  t.match(error, { code: "ref-not-found", kind: "stalled", message: "has no refs/heads/release: was it deleted" })
})

await t.test("every path of a commit is in its tree, with the object ids of git", async (t) => {
  const repository = rig.repository("paths", {
    "prefect.yaml": "a",
    "a/b/c.py": "x",
    "a-b": "y",
    "a.b/ü ñ\\x2d.py": "z",
  })
  repository.git("update-index", "--add", "--cacheinfo", `120000,${"1".repeat(40)},link`)
  repository.git("update-index", "--add", "--cacheinfo", `160000,${"2".repeat(40)},module`)
  repository.git("update-index", "--chmod=+x", "a-b")
  const root = repository.git("write-tree", "--missing-ok")
  const commit = repository.git("commit-tree", root, "-m", "x") as Revision
  repository.git("config", "pack.writeReverseIndex", "false")
  repository.git("update-ref", "refs/heads/odd", commit)
  rmSync(join(repository.folder, "objects"), { recursive: true })
  repository.git("-C", repository.folder, "init", "--bare", "--quiet")
  writeFileSync(
    join(repository.folder, "objects/info/alternates"),
    `${repository.git("rev-parse", "--absolute-git-dir")}/objects\n`,
  )

  const { entries } = await git.tree(at(repository), commit, signal)

  t.strictSame(Object.fromEntries([...entries].map(([path, { kind }]) => [path, kind])), {
    "": "folder",
    a: "folder",
    "a-b": "file",
    "a.b": "folder",
    "a.b/ü ñ\\x2d.py": "file",
    "a/b": "folder",
    "a/b/c.py": "file",
    link: "symlink",
    module: "submodule",
    "prefect.yaml": "file",
  })
  for (const line of repository.git("-c", "core.quotePath=false", "ls-tree", "-r", "-t", "-z", commit).split("\0")) {
    const [, oid, path = ""] = /^\d+ \w+ ([0-9a-f]{40})\t(.*)$/s.exec(line) ?? []
    if (oid) t.equal(entries.get(path)?.oid, oid, path)
  }
  t.equal(entries.get("")?.oid, root)
})

await t.test(
  "a poll is one request, a new commit one fetch and one batch of files, of a few hundred bytes",
  async (t) => {
    const files = Object.fromEntries(Array.from({ length: 2_000 }, (_, n) => [`f${n % 40}/g${n % 7}/${n}.py`, `${n}`]))
    const repository = rig.repository("cheap", { ...files, "prefect.yaml": "one" })
    const remote = at(repository)
    const first = await git.resolve(remote, head, 0, signal)
    await git.tree(remote, first.revision, signal)
    repository.commit({ "f3/g2/new.py": "print()", "prefect.yaml": "two" })
    server.requests.length = 0
    rig.time.now += 1

    const { revision } = await git.resolve(remote, head, 0, signal)
    const { entries } = await git.tree(remote, revision, signal)
    const oids = ["prefect.yaml", "f3/g2/new.py"].map((path) => entries.get(path)?.oid ?? "")
    await git.blobs(remote, revision, oids, 100, signal)
    await git.blobs(remote, revision, oids, 100, signal)

    t.equal(entries.size, 2_323)
    t.strictSame(
      server.requests.map(({ method }) => method),
      ["POST", "POST", "POST"],
    )
    t.ok(server.requests.every(({ responseBytes }) => responseBytes < 1_000))
  },
)

await t.test("polls of one ref are shared while they are young enough", async (t) => {
  const repository = rig.repository("shared")
  const remote = at(repository)
  const poll = (maxAgeMs: number) => git.resolve(remote, head, maxAgeMs, signal)
  await poll(0)
  server.requests.length = 0

  rig.time.now += 1_000
  await Promise.all([poll(0), poll(0), poll(10)])
  t.equal(server.requests.length, 1, "asked for at one time")
  rig.time.now += 1_000
  await poll(1_000)
  t.equal(server.requests.length, 1, "one as old as allowed")
  await poll(999)
  t.equal(server.requests.length, 2, "one that is too old")
  rig.time.now -= 3_600_000
  await poll(1_000)
  t.equal(server.requests.length, 4, "the clock was set back: what the server can do is asked for again too")
})

await t.test("who asks while an older poll is under way gets the next one, and all such share it", async (t) => {
  const repository = rig.repository("late")
  const remote = at(repository)
  await git.resolve(remote, head, 0, signal)
  server.requests.length = 0
  server.fault = () => ({ kind: "delay", ms: 60 })
  rig.time.now += 1_000
  const before = git.resolve(remote, head, 0, signal)
  rig.time.now += 1_000
  const revision = repository.commit({ a: "pushed meanwhile" })

  const after = await Promise.all([git.resolve(remote, head, 0, signal), git.resolve(remote, head, 500, signal)])
  await before
  server.fault = null

  t.strictSame(
    after.map((one) => one.revision),
    [revision, revision],
  )
  t.equal(server.requests.length, 2)
})

await t.test("a caller that gives up doesn't take the shared poll from the others", async (t) => {
  const repository = rig.repository("abort")
  server.fault = () => ({ kind: "delay", ms: 50 })
  const impatient = new AbortController()
  const gone = git.resolve(at(repository), head, 0, impatient.signal)
  const stays = git.resolve(at(repository), head, 0, signal)

  impatient.abort(new Error("enough"))

  await t.rejects(gone, { message: "enough" })
  t.match(await stays, { branch: "main" })
  server.fault = null
})

await t.test("a fetch ends when its caller gives up, and the next one works", async (t) => {
  const repository = rig.repository("give-up")
  const { revision } = await git.resolve(at(repository), head, 0, signal)
  const impatient = new AbortController()
  server.fault = () => {
    impatient.abort(new Error("enough"))
    return { kind: "hang" }
  }
  const waiting = git.tree(at(repository), revision, impatient.signal)
  const behind = git.tree(at(repository), revision, impatient.signal)

  await t.rejects(waiting, { message: "enough" })
  await t.rejects(behind, { message: "enough" })
  server.fault = null
  t.strictSame(await textsAt(git, at(repository), revision), { "prefect.yaml": "deployments: []\n" })
})

await t.test("a force-push is followed, back and forth", async (t) => {
  const repository = rig.repository("force", { "prefect.yaml": "one", "a/b.py": "x" })
  const first = repository.git("rev-parse", "HEAD")
  repository.commit({ "prefect.yaml": "two", "a/c.py": "y" })
  await readAll(git, at(repository))
  repository.git("reset", "--quiet", "--hard", first)
  repository.commit({ "a/d.py": "z" })
  rig.time.now += 1

  t.strictSame((await readAll(git, at(repository))).texts, { "a/b.py": "x", "a/d.py": "z", "prefect.yaml": "one" })
})

await t.test("commits that undo each other can be read for ever", async (t) => {
  const body = Array.from({ length: 60 }, (_, n) => [`flows/flow_${n}.py`, `${n}`] as const)
  const repository = rig.repository("revert", { ...Object.fromEntries(body), "prefect.yaml": "one" })
  for (const text of ["two", "one", "two", "one", "three"]) {
    repository.commit({ "prefect.yaml": text, "flows/flow_7.py": text })
    rig.time.now += 1
    // Nothing from memory: all is read from the packs that were stored.
    await using fresh = rig.again()
    const { texts } = await readAll(fresh, at(repository))
    t.equal(texts["prefect.yaml"], text)
    t.equal(Object.keys(texts).length, 61)
  }
})

await t.test("an older commit can be read by its id", async (t) => {
  const repository = rig.repository("older", { "prefect.yaml": "one" })
  const first = repository.git("rev-parse", "HEAD") as Revision
  repository.commit({ "prefect.yaml": "two" })
  await readAll(git, at(repository))

  t.strictSame(await textsAt(git, at(repository), first), { "prefect.yaml": "one" })
})

await t.test("a commit that the server doesn't have is revision-not-found, also with the old protocol", async (t) => {
  const repository = rig.repository("unknown")
  for (const fault of [null, { kind: "oldProtocol" } as const]) {
    server.fault = () => fault
    const error = await failureOf(git.tree(at(repository), "1".repeat(40) as Revision, signal))
    t.match(error, { code: "revision-not-found", kind: "stalled" })
  }
  server.fault = null
})

await t.test("a tag on something that is no commit is a reason of its own", async (t) => {
  const repository = rig.repository("odd-tag")
  repository.git("tag", "file", "HEAD:prefect.yaml")
  repository.git("push", "--quiet", "origin", "file")
  const { revision } = await git.resolve(at(repository), { kind: "tag", name: "file" }, 0, signal)

  t.match(await failureOf(git.tree(at(repository), revision, signal)), { kind: "stalled", code: "git-bad-commit" })
})

await t.test("a file over the limit is known by its size only, and isn't fetched again for that", async (t) => {
  const repository = rig.repository("large", { big: "0123456789".repeat(20), small: "1" })
  const remote = at(repository)
  const { revision } = await git.resolve(remote, head, 0, signal)
  const { entries } = await git.tree(remote, revision, signal)
  const [big = "", small = ""] = ["big", "small"].map((path) => entries.get(path)?.oid)

  const blobs = await git.blobs(remote, revision, [big, small], 100, signal)
  t.strictSame([blobs.get(big), blobs.get(small)?.kind], [{ kind: "too-large", size: 200 }, "bytes"])
  server.requests.length = 0
  await git.blobs(remote, revision, [big, small], 100, signal)
  t.equal(server.requests.length, 0)
  t.equal((await git.blobs(remote, revision, [big], 200, signal)).get(big)?.kind, "bytes")
})

await t.test("no objects asked for are no request; one asked for twice is one", async (t) => {
  const repository = rig.repository("none", { empty: "" })
  const remote = at(repository)
  const { revision } = await git.resolve(remote, head, 0, signal)
  const oid = (await git.tree(remote, revision, signal)).entries.get("empty")?.oid ?? ""
  server.requests.length = 0

  t.equal((await git.blobs(remote, revision, [], 10, signal)).size, 0)
  t.equal(server.requests.length, 0)
  t.strictSame([...(await git.blobs(remote, revision, [oid, oid], 10, signal)).keys()], [oid])
})

await t.test("the cache may vanish, or rot, at any time", async (t) => {
  const repository = rig.repository("cache", { "prefect.yaml": "one", "a/b.py": "x", "a/c.py": "y" })
  const remote = at(repository)
  const damages: Readonly<Record<string, (gitdir: string) => void>> = {
    "the whole state directory is gone": () => rmSync(rig.stateDir, { recursive: true, force: true }),
    "the index of a pack is empty": (gitdir) => damage(gitdir, ".idx", ""),
    "a pack is cut short": (gitdir) => damage(gitdir, ".pack", "PACK"),
    "a pack is gone, its index is not": (gitdir) => damage(gitdir, ".pack", null),
    "the settings are nonsense": (gitdir) => writeFileSync(join(gitdir, "config"), "[core\nx"),
    "the tracking ref is nonsense": (gitdir) => writeFileSync(join(gitdir, "refs/remotes/origin/wanted"), "?"),
    "the tracking ref names what isn't there": (gitdir) =>
      writeFileSync(join(gitdir, "refs/remotes/origin/wanted"), `${"1".repeat(40)}\n`),
  }
  await readAll(git, remote)
  let n = 0
  for (const [what, break_] of Object.entries(damages)) {
    for (const restart of [true, false]) {
      for (const gitdir of rig.gitdirs()) break_(gitdir)
      rig.told.length = 0
      repository.commit({ "prefect.yaml": `${++n}` })
      rig.time.now += 1
      await using fresh = rig.again()
      const { texts } = await readAll(restart ? fresh : git, remote)
      t.strictSame(texts, { "prefect.yaml": `${n}`, "a/b.py": "x", "a/c.py": "y" }, `${what}, ${restart}`)
    }
  }
})

await t.test("a state directory that can't be written is a reason for people", async (t) => {
  const repository = rig.repository("read-only")
  await using broken = rig.again()
  rmSync(rig.stateDir, { recursive: true, force: true })
  writeFileSync(rig.stateDir, "")

  const error = await failureOf(readAll(broken, at(repository))).finally(() => rmSync(rig.stateDir))

  t.match(error, { kind: "transient", code: "git-cache", message: "is the disk full or read-only?" })
})

await t.test("what was fetched before a restart isn't fetched again", async (t) => {
  const repository = rig.repository("restart")
  const { resolution } = await readAll(git, at(repository))
  await using fresh = rig.again()
  server.requests.length = 0

  await fresh.tree(at(repository), resolution.revision, signal)

  t.equal(server.requests.length, 0)
})

await t.test("after many commits the store is begun anew instead of growing for ever", async (t) => {
  const repository = rig.repository("many")
  const remote = at(repository)
  const counts: number[] = []
  for (let n = 0; n < 36; n++) {
    repository.commit({ a: `${n}` })
    rig.time.now += 1
    const { revision } = await git.resolve(remote, head, 0, signal)
    await git.tree(remote, revision, signal)
    const most = rig
      .gitdirs()
      .map((gitdir) => readdirSync(join(gitdir, "objects/pack")).filter((name) => name.endsWith(".pack")).length)
    counts.push(Math.max(...most))
  }

  t.ok(Math.max(...counts) <= 33)
  t.strictSame(Object.keys((await readAll(git, remote)).texts), ["a", "prefect.yaml"])
})

await t.test("repositories that aren't used any more are forgotten, on disk too", async (t) => {
  const [kept, left] = [rig.repository("kept"), rig.repository("left")]
  for (const repository of [kept, left]) await readAll(git, at(repository))

  await git.retain([at(kept)], signal)

  t.equal(rig.gitdirs().length, 1)
  server.requests.length = 0
  rig.time.now += 1
  await readAll(git, at(kept))
  t.equal(server.requests.length, 1)
  await readAll(git, at(left))
  t.equal(rig.gitdirs().length, 2)
})

await t.test("each request is told, with how it ended", async (t) => {
  const repository = rig.repository("told")
  rig.told.length = 0
  await readAll(git, at(repository))
  server.fault = () => ({ kind: "answer", status: 500 })
  rig.time.now += 1
  await failureOf(git.resolve(at(repository), head, 0, signal))
  server.fault = null

  t.strictSame(rig.told, ["ls-refs ok", "fetch ok", "blobs ok", "ls-refs error"])
})

/** Overwrites, or removes, all files of a store whose names end so. */
function damage(gitdir: string, ending: string, text: string | null): void {
  const folder = join(gitdir, "objects/pack")
  for (const name of readdirSync(folder).filter((name) => name.endsWith(ending))) {
    if (text === null) rmSync(join(folder, name))
    else writeFileSync(join(folder, name), text)
  }
}
