import { createHash } from "node:crypto"
import { readdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import t from "tap"
import type { Revision } from "../../src/core/model.ts"
import { parseFolder, readFolders, treeOf, type Folder } from "../../src/git/folders.ts"
import { Lru } from "../../src/lib/lru.ts"
import { Mutex, unlessAborted } from "../../src/lib/mutex.ts"
import { oidOf } from "../../src/git/pack.ts"
import { Polls } from "../../src/git/polls.ts"
import { packOfObjects } from "../../src/git/rewrite.ts"
import { ObjectStore } from "../../src/git/store.ts"
import type { GitObject } from "../../src/git/unpack.ts"
import { GitError } from "../../src/lib/errors.ts"
import { signal } from "./remote.ts"

/** The parts behind the wire: what isomorphic-git is trusted with, and the small memories round it. */

const root = treeObject([["100644", "a", "1".repeat(40)]])
const rootOid = oidOf("tree", root.data)

function treeObject(entries: readonly (readonly [mode: string, name: string, oid: string])[]): GitObject {
  const parts = entries.flatMap(([mode, name, oid]) => [Buffer.from(`${mode} ${name}\0`), Buffer.from(oid, "hex")])
  return { type: "tree", data: Buffer.concat(parts) }
}

function commitOf(tree: string, message: string): GitObject {
  const person = "Ada <ada@example.com> 1700000000 +0000"
  const parent = "2".repeat(40)
  const lines = [`tree ${tree}`, `parent ${parent}`, `author ${person}`, `committer ${person}`, "", message, ""]
  return { type: "commit", data: Buffer.from(lines.join("\n")) }
}

function revisionOf({ data }: GitObject): Revision {
  return oidOf("commit", data) as Revision
}

await t.test("a fetch that fails leaves the store as it was: no ref, no pack, no shallow commit", async (t) => {
  const folder = join(t.testdir({}), "store")
  const store = new ObjectStore(folder)
  const [first, second] = [commitOf(rootOid, "one"), commitOf(rootOid, "two")]
  await store.take(revisionOf(first), async () => packOfObjects([first, root]))
  const before = contentsOf(folder)

  const failure = new GitError("died half way", { kind: "transient", code: "git-refused" })
  await t.rejects(
    store.take(revisionOf(second), () => Promise.reject(failure)),
    failure,
  )

  t.strictSame(contentsOf(folder), before)
})

await t.test("a fetch is told of the commit of the last time, and only of that", async (t) => {
  const store = new ObjectStore(join(t.testdir({}), "store"))
  const told: unknown[] = []
  for (const message of ["one", "two", "three"]) {
    const commit = commitOf(rootOid, message)
    await store.take(revisionOf(commit), async ({ haves }) => {
      told.push(haves)
      return packOfObjects([commit, root])
    })
  }

  t.strictSame(told, [[], [revisionOf(commitOf(rootOid, "one"))], [revisionOf(commitOf(rootOid, "two"))]])
})

await t.test("what is stored is read back; what isn't is null, and what is broken an error", async (t) => {
  const folder = join(t.testdir({}), "store")
  const store = new ObjectStore(folder)
  t.equal(await store.reader()(rootOid), null)
  const commit = commitOf(rootOid, "one")
  await store.take(revisionOf(commit), async () => packOfObjects([commit, root]))

  t.strictSame(await store.reader()(rootOid), root)
  t.equal(await store.reader()("3".repeat(40)), null)
  // One bad index makes isomorphic-git fail for every object of a store.
  writeFileSync(join(folder, "objects/pack/pack-0.idx"), "")
  writeFileSync(join(folder, "objects/pack/pack-0.pack"), "")
  await t.rejects(store.reader()("3".repeat(40)))
})

await t.test("folders with entries that Git doesn't allow are refused whole", (t) => {
  const oid = "1".repeat(40)
  const names = ["", ".", "..", ".git", ".GIT", "a/b", "../x"]
  for (const name of names) {
    t.throws(() => parseFolder(treeObject([["100644", name, oid]]).data), { code: "git-bad-commit" }, name)
  }
  for (const mode of ["0", "777", "4", "100644x", "140000", ""]) {
    t.throws(() => parseFolder(treeObject([[mode, "a", oid]]).data), { code: "git-bad-commit" }, mode)
  }
  const whole = treeObject([["100644", "a", oid]]).data
  for (let length = 1; length < whole.length; length++) {
    t.throws(() => parseFolder(whole.subarray(0, length)), { code: "git-bad-commit" }, `${length} bytes`)
  }
  t.end()
})

await t.test("every mode that Git has ever written is known", (t) => {
  const oid = "1".repeat(40)
  const kinds = ["100644", "100755", "100664", "40000", "040000", "120000", "160000"].map(
    (mode) => parseFolder(treeObject([[mode, "a", oid]]).data)[0]?.entry.kind,
  )
  t.strictSame(kinds, ["file", "file", "file", "folder", "folder", "symlink", "submodule"])
  t.end()
})

await t.test("a few folders that hold each other many times don't become a tree without end", async (t) => {
  const revision = "4".repeat(40) as Revision
  const bomb = new Map<string, Folder>()
  for (let level = 0; level < 40; level++) {
    const entry = { oid: `${level + 1}`, kind: "folder" } as const
    bomb.set(
      `${level}`,
      Array.from({ length: 10 }, (_, n) => ({ name: `${n}`, entry })),
    )
  }
  await t.rejects(treeOf(revision, "0", bomb), { code: "git-too-large", kind: "stalled" })
  const deep = new Map(
    Array.from({ length: 200 }, (_, level) => {
      const entry = { oid: `${level + 1}`, kind: "folder" } as const
      return [`${level}`, [{ name: "d", entry }]] as const
    }),
  )
  await t.rejects(treeOf(revision, "0", deep), { code: "git-bad-commit" })
})

await t.test("only folders that have changed are read", async (t) => {
  const same = treeObject([["100644", "f", "5".repeat(40)]])
  const sameOid = oidOf("tree", same.data)
  const top = treeObject([
    ["40000", "same", sameOid],
    ["40000", "twice", sameOid],
    ["100644", "x", "6".repeat(40)],
  ])
  const read: string[] = []
  const reader = async (oid: string): Promise<Buffer> => {
    read.push(oid)
    return oid === sameOid ? same.data : top.data
  }
  const topOid = oidOf("tree", top.data)
  const folders = await readFolders(topOid, new Map(), reader)
  t.strictSame(read, [topOid, sameOid])
  read.length = 0
  await readFolders("7".repeat(40), folders, reader)
  t.strictSame(read, ["7".repeat(40)])
})

await t.test("a poll is shared while it is young, a failure never, and one at a time is under way", async (t) => {
  let now = 0
  const polls = new Polls<number>(() => now)
  const answers: PromiseWithResolvers<number>[] = []
  const poll = (): Promise<number> => {
    const answer = Promise.withResolvers<number>()
    answers.push(answer)
    return answer.promise
  }
  const first = [polls.ask("a", 0, poll), polls.ask("a", 0, poll)]
  now = 10
  const late = [polls.ask("a", 5, poll), polls.ask("a", 0, poll)]
  const other = polls.ask("b", 0, poll)
  t.equal(answers.length, 2)
  answers[1]?.resolve(20)
  t.equal(await other, 20)
  answers[0]?.reject(new Error("away"))
  for (const one of first) await t.rejects(one, { message: "away" })
  answers[2]?.resolve(30)
  t.strictSame(await Promise.all(late), [30, 30])
  now = 15
  t.equal(await polls.ask("a", 5, poll), 30)
  const next = polls.ask("a", 4, poll)
  answers[3]?.reject(new Error("away again"))
  await t.rejects(next)
  void polls.ask("a", 1_000, poll)
  t.equal(answers.length, 5)
})

await t.test("a memory holds no more than its weight, and lets go of what was used longest ago", (t) => {
  const lru = new Lru<string>(10)
  lru.set("a", "A", 4)
  lru.set("b", "B", 4)
  lru.get("a")
  lru.set("c", "C", 4)
  t.strictSame([lru.get("a"), lru.get("b"), lru.get("c")], ["A", undefined, "C"])
  lru.set("huge", "H", 11)
  t.strictSame([lru.get("huge"), lru.get("a")], [undefined, "A"])
  lru.set("a", "A2", 6)
  t.strictSame([lru.get("a"), lru.get("c")], ["A2", "C"])
  lru.delete("a")
  lru.set("d", "D", 6)
  t.strictSame([lru.get("c"), lru.get("d")], ["C", "D"])
  t.end()
})

await t.test("one works at a time, in order, and who leaves the line holds nobody up", async (t) => {
  const mutex = new Mutex()
  const log: string[] = []
  const gate = Promise.withResolvers<void>()
  const work =
    (name: string, wait: Promise<void> = Promise.resolve()) =>
    async () => {
      log.push(`${name} begins`)
      await wait
      log.push(`${name} ends`)
    }
  const leaving = new AbortController()
  const one = mutex.run(work("one", gate.promise), signal)
  const two = mutex.run(work("two"), leaving.signal)
  const three = mutex.run(() => Promise.reject(new Error("failed")), signal)
  const four = mutex.run(work("four"), signal)
  leaving.abort(new Error("left"))
  await t.rejects(two, { message: "left" })
  t.strictSame(log, ["one begins"])
  gate.resolve()
  await one
  await t.rejects(three, { message: "failed" })
  await four
  t.strictSame(log, ["one begins", "one ends", "four begins", "four ends"])
})

await t.test("a failure that nobody waits for any more is no unhandled one", async (t) => {
  const { promise, reject } = Promise.withResolvers<void>()
  await t.rejects(unlessAborted(promise, AbortSignal.abort(new Error("gone"))), { message: "gone" })
  reject(new Error("late"))
  await new Promise((passed) => setTimeout(passed, 5))
})

function contentsOf(folder: string): Readonly<Record<string, string>> {
  const names = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  const contents = names.map(({ parentPath, name }) => {
    const path = join(parentPath, name)
    return [path, createHash("sha1").update(readFileSync(path)).digest("hex")] as const
  })
  return Object.fromEntries(contents.toSorted(([a], [b]) => (a < b ? -1 : 1)))
}
