import { createHash } from "node:crypto"
import fs, { closeSync, lstatSync, openSync, readFileSync, readlinkSync, readSync, statSync } from "node:fs"
import { lstat, readFile } from "node:fs/promises"
import { dirname, join, resolve as resolvePath } from "node:path"
import type { Revision, Tree, TreeEntry } from "../core/model.ts"
import type { Ref, Remote } from "../core/source.ts"
import { GitError, toError } from "../lib/errors.ts"
import { entriesMax, listFolder, unreadable, type Named } from "./listing.ts"

/**
 * A folder on disk, read as if it were a commit: what `plan --working-tree` and `validate` look at. Its files count as
 * they are now, committed or not. Other revisions come from `remote`, when there is one.
 */

type Blob =
  | { readonly kind: "bytes"; readonly bytes: Uint8Array }
  | { readonly kind: "too-large"; readonly size: number }

interface Resolution {
  readonly revision: Revision
  readonly refName: string | null
  readonly branch: string | null
}

/** The part of a Git port that reads commits which aren't on this disk. */
interface Commits {
  tree(remote: Remote, revision: Revision, signal: AbortSignal): Promise<Tree>
  blobs(
    remote: Remote,
    revision: Revision,
    oids: readonly string[],
    maxBytes: number,
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, Blob>>
}

/** Files are hashed through it, one after the other. */
const chunk = Buffer.allocUnsafe(64 * 1024)
const zeroId = "0".repeat(40) as Revision

/** Folders that never belong to a commit of anybody who means well, and may be huge. */
const skippedFolders = new Set([
  ".git",
  "node_modules",
  "__pycache__",
  ".venv",
  "venv",
  ".tox",
  ".nox",
  ".mypy_cache",
  ".pytest_cache",
  ".ruff_cache",
])

/** The topmost folder of the checkout that `folder` is in; `folder` itself when it is in none. */
export async function repositoryRoot(folder: string): Promise<string> {
  const path = resolvePath(folder)
  for (let place = path; ; place = dirname(place)) {
    if (await exists(join(place, ".git"))) return place
    if (place === dirname(place)) return path
  }
}

/** HEAD of a checkout; a revision of zeros where there is no commit. */
export async function headOf(folder: string): Promise<Resolution> {
  try {
    const { own, shared } = await gitFolders(folder)
    // Only here, because a folder that is no checkout needs none of it.
    const { default: git } = await import("isomorphic-git")
    const refName = (await git.currentBranch({ fs, gitdir: own, fullname: true })) ?? null
    const revision = await git.resolveRef(
      refName === null ? { fs, gitdir: own, ref: "HEAD" } : { fs, gitdir: shared, ref: refName },
    )
    return { revision: revision as Revision, refName, branch: refName?.replace(/^refs\/heads\//, "") ?? null }
  } catch {
    return { revision: zeroId, refName: null, branch: null }
  }
}

/** A linked worktree keeps its HEAD in a folder of its own, and the branches in that of the repository. */
async function gitFolders(folder: string): Promise<{ readonly own: string; readonly shared: string }> {
  const path = join(folder, ".git")
  if ((await lstat(path)).isDirectory()) return { own: path, shared: path }
  const own = resolvePath(folder, (await readFile(path, "utf8")).replace(/^gitdir: /, "").trim())
  const common = await readFile(join(own, "commondir"), "utf8").catch(() => ".")
  return { own, shared: resolvePath(own, common.trim()) }
}

/** A Git port over a folder. The remote and the ref that it is asked for don't matter, but for other revisions. */
export class WorkTree {
  readonly #folder: string
  readonly #commits: Commits | null
  /** Where each object id came from, relative to the folder. */
  readonly #paths = new Map<string, { readonly path: string; readonly symlink: boolean }>()
  #revision: Revision | null = null

  constructor(folder: string, commits: Commits | null) {
    this.#folder = resolvePath(folder)
    this.#commits = commits
  }

  async resolve(_remote: Remote, _ref: Ref, _maxAgeMs: number, signal: AbortSignal): Promise<Resolution> {
    signal.throwIfAborted()
    const head = await headOf(this.#folder)
    this.#revision = head.revision
    return head
  }

  async tree(remote: Remote, revision: Revision, signal: AbortSignal): Promise<Tree> {
    if (!this.#isHere(revision)) return this.#otherCommits(revision).tree(remote, revision, signal)
    const entries = new Map<string, TreeEntry>()
    try {
      this.#walk("", listFolder(this.#folder), entries, signal)
    } catch (error) {
      signal.throwIfAborted()
      if (error instanceof GitError) throw error
      throw unreadable(`${this.#folder} can't be read: ${toError(error).message}`, error)
    }
    return { revision, entries }
  }

  async blobs(...asked: Parameters<Commits["blobs"]>): Promise<ReadonlyMap<string, Blob>> {
    const [, revision, oids, maxBytes, signal] = asked
    if (!this.#isHere(revision)) return this.#otherCommits(revision).blobs(...asked)
    const found = new Map<string, Blob>()
    for (const oid of oids) {
      signal.throwIfAborted()
      found.set(oid, this.#read(oid, maxBytes))
    }
    return found
  }

  #isHere(revision: Revision): boolean {
    return this.#revision === null || revision === this.#revision
  }

  #otherCommits(revision: Revision): Commits {
    if (this.#commits) return this.#commits
    const message = `commit ${revision.slice(0, 7)} isn't what ${this.#folder} has checked out`
    throw new GitError(message, { kind: "stalled", code: "revision-not-found" })
  }

  /** At once, for the reason of `#read`; each folder is listed once, and its names say what it is. */
  #walk(folder: string, names: readonly Named[], entries: Map<string, TreeEntry>, signal: AbortSignal): void {
    signal.throwIfAborted()
    const children: Child[] = []
    entries.set(
      folder,
      lazyEntry("folder", () => treeId(children, entries)),
    )
    for (const { name, kind: seen } of names) {
      const path = folder === "" ? name : `${folder}/${name}`
      const below = seen === "folder" && !skippedFolders.has(name) ? listFolder(join(this.#folder, path)) : []
      const kind = seen === "folder" ? folderKind(name, below) : seen
      if (kind === null) continue
      if (kind === "folder") this.#walk(path, below, entries, signal)
      else entries.set(path, this.#entry(path, kind))
      children.push({ name, path, kind, mode: () => modeOf(kind, join(this.#folder, path)) })
      if (entries.size > entriesMax) throw unreadable(`${this.#folder} has more than ${entriesMax} files`)
    }
  }

  #entry(path: string, kind: Exclude<TreeEntry["kind"], "folder">): TreeEntry {
    if (kind === "submodule") return { kind, oid: zeroId }
    const absolute = join(this.#folder, path)
    return lazyEntry(kind, () => {
      const oid = kind === "symlink" ? objectId("blob", Buffer.from(readlinkSync(absolute))) : fileId(absolute)
      this.#paths.set(oid, { path: absolute, symlink: kind === "symlink" })
      return oid
    })
  }

  /** At once: many small files of a local disk take longer to ask for than to read. */
  #read(oid: string, maxBytes: number): Blob {
    const file = this.#paths.get(oid)
    if (!file) throw new GitError(`${this.#folder} has no object ${oid}`, { kind: "transient", code: "object-missing" })
    try {
      if (file.symlink) return { kind: "bytes", bytes: Buffer.from(readlinkSync(file.path)) }
      const { size } = lstatSync(file.path)
      return size > maxBytes ? { kind: "too-large", size } : { kind: "bytes", bytes: readFileSync(file.path) }
    } catch (error) {
      throw unreadable(`${file.path} can't be read: ${toError(error).message}`, error)
    }
  }
}

interface Child {
  readonly name: string
  readonly path: string
  readonly kind: TreeEntry["kind"]
  readonly mode: () => string
}

/** A nested checkout is a submodule to Git; a Python environment is no part of a repository, whatever its name. */
function folderKind(name: string, below: readonly Named[]): "folder" | "submodule" | null {
  const has = (wanted: string): boolean => below.some((child) => child.name === wanted)
  if (skippedFolders.has(name) || has("pyvenv.cfg")) return null
  return has(".git") ? "submodule" : "folder"
}

async function exists(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  )
}

/** Hashed when first asked for: most files of a repository are never looked at. */
function lazyEntry(kind: TreeEntry["kind"], compute: () => string): TreeEntry {
  let known: string | null = null
  return {
    kind,
    get oid() {
      known ??= compute()
      return known
    },
  }
}

/** As `git write-tree` names it, so that a folder here and the same folder in a commit have one id. */
function treeId(children: readonly Child[], entries: ReadonlyMap<string, TreeEntry>): string {
  // Git sorts folders as if their names ended in a slash, and knows no empty ones.
  const sortKey = ({ name, kind }: Child): Buffer => Buffer.from(kind === "folder" ? `${name}/` : name)
  const lines = children
    .toSorted((a, b) => Buffer.compare(sortKey(a), sortKey(b)))
    .map((child) => ({ ...child, oid: entries.get(child.path)?.oid ?? zeroId }))
    .filter(({ kind, oid }) => kind !== "folder" || oid !== emptyTreeId)
    .flatMap(({ name, oid, mode }) => [Buffer.from(`${mode()} ${name}\0`), Buffer.from(oid, "hex")])
  return objectId("tree", Buffer.concat(lines))
}

function modeOf(kind: TreeEntry["kind"], path: string): string {
  switch (kind) {
    case "folder":
      return "40000"
    case "symlink":
      return "120000"
    case "submodule":
      return "160000"
    case "file":
      return (statSync(path).mode & 0o100) === 0 ? "100644" : "100755"
  }
}

function objectId(type: "blob" | "tree", content: Buffer): string {
  return createHash("sha1").update(`${type} ${content.length}\0`).update(content).digest("hex")
}

const emptyTreeId = objectId("tree", Buffer.alloc(0))

/** In pieces: a data file may be larger than memory. */
function fileId(path: string): string {
  try {
    const hash = createHash("sha1").update(`blob ${statSync(path).size}\0`)
    const file = openSync(path, "r")
    try {
      for (let read = readSync(file, chunk); read > 0; read = readSync(file, chunk))
        hash.update(chunk.subarray(0, read))
    } finally {
      closeSync(file)
    }
    return hash.digest("hex")
  } catch (error) {
    throw unreadable(`${path} can't be read: ${toError(error).message}`, error)
  }
}
