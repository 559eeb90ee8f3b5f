import { execFileSync } from "node:child_process"
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import t, { type Test } from "tap"
import type { Revision, Tree } from "../../src/core/model.ts"
import { headOf, repositoryRoot, WorkTree } from "../../src/git/worktree.ts"
import { GitError } from "../../src/lib/errors.ts"

const remote = { url: "https://git.example.com/a.git", credentials: null, caFile: null }
const ref = { kind: "head" } as const
const { signal } = new AbortController()
const zeros = "0".repeat(40) as Revision

function git(folder: string, ...args: string[]): string {
  const identity = ["-c", "user.name=T", "-c", "user.email=t@example.com", "-c", "init.defaultBranch=main"]
  return execFileSync("git", ["-C", folder, ...identity, ...args], { encoding: "utf8" }).trim()
}

function folderWith(t: Test, files: Record<string, string>): string {
  const folder = t.testdir({})
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
  return folder
}

async function readTree(folder: string): Promise<Tree> {
  const port = new WorkTree(folder, null)
  const { revision } = await port.resolve(remote, ref, 0, signal)
  return port.tree(remote, revision, signal)
}

t.test("object ids of files, folders, symlinks and programs are those of git", async (t) => {
  const folder = folderWith(t, { "prefect.yaml": "a: 1\n", "flows/etl.py": "x\n", "flows.py": "", "a-b/run.sh": "#!" })
  chmodSync(join(folder, "a-b/run.sh"), 0o755)
  symlinkSync("../flows.py", join(folder, "flows/link"))
  mkdirSync(join(folder, "nothing/in/it"), { recursive: true })
  git(folder, "init", "-q")
  git(folder, "add", ".")
  git(folder, "commit", "-qm", "x")

  const { entries } = await readTree(folder)

  const listed = git(folder, "ls-tree", "-rt", "HEAD").split("\n")
  for (const line of listed) {
    const [, , oid, path] = /^(\d+ \w+) ()?([0-9a-f]{40})\t(.*)$/.exec(line) ?? []
    t.equal(entries.get(path ?? "")?.oid, oid, path ?? "no path")
  }
  t.equal(entries.get("")?.oid, git(folder, "rev-parse", "HEAD^{tree}"))
  t.equal(entries.get("flows/link")?.kind, "symlink")
})

t.test("the revision is HEAD of the checkout, with its branch", async (t) => {
  const folder = folderWith(t, { a: "1" })
  git(folder, "init", "-q")
  git(folder, "add", ".")
  git(folder, "commit", "-qm", "x")

  t.strictSame(await new WorkTree(folder, null).resolve(remote, ref, 0, signal), {
    revision: git(folder, "rev-parse", "HEAD"),
    refName: "refs/heads/main",
    branch: "main",
  })
})

t.test("a linked worktree has its own HEAD", async (t) => {
  const folder = folderWith(t, { "main/a": "1" })
  git(join(folder, "main"), "init", "-q")
  git(join(folder, "main"), "add", ".")
  git(join(folder, "main"), "commit", "-qm", "x")
  git(join(folder, "main"), "worktree", "add", "-q", "-b", "other", "../linked")

  t.equal((await headOf(join(folder, "linked"))).branch, "other")
})

t.test("a folder that is no checkout has a revision of zeros", async (t) => {
  t.strictSame(await headOf("/proc/self"), { revision: zeros, refName: null, branch: null })
})

t.test("files count as they are on disk, committed or not", async (t) => {
  const folder = folderWith(t, { "prefect.yaml": "old" })
  git(folder, "init", "-q")
  git(folder, "add", ".")
  git(folder, "commit", "-qm", "x")
  writeFileSync(join(folder, "prefect.yaml"), "new")
  writeFileSync(join(folder, "added.py"), "fresh")
  const port = new WorkTree(folder, null)
  const { revision } = await port.resolve(remote, ref, 0, signal)
  const { entries } = await port.tree(remote, revision, signal)
  const oids = ["prefect.yaml", "added.py"].map((path) => entries.get(path)?.oid ?? "")

  const blobs = await port.blobs(remote, revision, oids, 100, signal)

  const texts = oids.map((oid) => {
    const blob = blobs.get(oid)
    return blob?.kind === "bytes" ? Buffer.from(blob.bytes).toString() : null
  })
  t.strictSame(texts, ["new", "fresh"])
})

t.test("a symlink is read as its target's name, wherever that leads", async (t) => {
  const folder = folderWith(t, {})
  symlinkSync("/etc/passwd", join(folder, "flow.py"))
  const port = new WorkTree(folder, null)
  const { revision } = await port.resolve(remote, ref, 0, signal)
  const oid = (await port.tree(remote, revision, signal)).entries.get("flow.py")?.oid ?? ""

  const blob = (await port.blobs(remote, revision, [oid], 1, signal)).get(oid)

  t.equal(blob?.kind === "bytes" && Buffer.from(blob.bytes).toString(), "/etc/passwd")
})

t.test("a file over the limit is not read", async (t) => {
  const folder = folderWith(t, { big: "12345" })
  const port = new WorkTree(folder, null)
  const { revision } = await port.resolve(remote, ref, 0, signal)
  const oid = (await port.tree(remote, revision, signal)).entries.get("big")?.oid ?? ""

  t.strictSame((await port.blobs(remote, revision, [oid], 4, signal)).get(oid), { kind: "too-large", size: 5 })
})

t.test("environments, caches and Git's own folder are left out", async (t) => {
  const folder = folderWith(t, {
    "flow.py": "",
    "node_modules/x/prefect.yaml": "",
    ".venv/lib/prefect.yaml": "",
    "my-python/pyvenv.cfg": "",
    "my-python/prefect.yaml": "",
    "pkg/__pycache__/a.pyc": "",
    "nested/.git/HEAD": "",
    "nested/prefect.yaml": "",
  })

  const { entries } = await readTree(folder)

  t.strictSame([...entries].map(([path, { kind }]) => `${path} ${kind}`).toSorted(), [
    " folder",
    "flow.py file",
    "nested submodule",
    "pkg folder",
  ])
})

t.test("another revision comes from the remote, or is not found without one", async (t) => {
  const folder = folderWith(t, {})
  const other = "1".repeat(40) as Revision
  const there: Tree = { revision: other, entries: new Map() }
  const alone = new WorkTree(folder, null)
  const joined = new WorkTree(folder, {
    tree: async () => there,
    blobs: async () => new Map([["x", { kind: "too-large", size: 1 } as const]]),
  })
  for (const port of [alone, joined]) await port.resolve(remote, ref, 0, signal)

  t.equal(await joined.tree(remote, other, signal), there)
  t.equal((await joined.blobs(remote, other, ["x"], 1, signal)).size, 1)
  const refused = await alone.tree(remote, other, signal).catch((error: unknown) => error)
  t.ok(refused instanceof GitError && refused.code === "revision-not-found")
})

t.test("a folder that isn't there is an error and never an empty tree", async (t) => {
  const port = new WorkTree(join(t.testdir({}), "gone"), null)
  const { revision } = await port.resolve(remote, ref, 0, signal)

  const refused = await port.tree(remote, revision, signal).catch((error: unknown) => error)

  t.ok(refused instanceof GitError && refused.code === "worktree-unreadable")
})

t.test("an aborted signal stops the walk", async (t) => {
  const port = new WorkTree(folderWith(t, { a: "" }), null)
  await t.rejects(port.tree(remote, zeros, AbortSignal.abort(new Error("stop"))), { message: "stop" })
})

t.test("the root of a checkout is found from a folder inside it", async (t) => {
  const folder = folderWith(t, { "a/b/prefect.yaml": "" })
  git(folder, "init", "-q")

  t.equal(await repositoryRoot(join(folder, "a/b")), folder)
  t.equal(await repositoryRoot("/proc/self"), "/proc/self")
})
