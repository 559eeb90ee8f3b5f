import type { Revision, Tree } from "../core/model.ts"
import { GitError, LockstepError, toError } from "../lib/errors.ts"
import { badAnswer, badCommit, revisionNotYet } from "./failures.ts"
import { readFolders, treeOf, type Folder } from "./folders.ts"
import type { Lru } from "../lib/lru.ts"
import { Mutex } from "../lib/mutex.ts"
import type { ObjectType } from "./pack.ts"
import { isMissing, kindOf, pickRef, prefixesOf, type MovingRef, type Resolution } from "./refs.ts"
import type { Remote } from "../core/source.ts"
import { packOfObjects } from "./rewrite.ts"
import type { Server } from "./server.ts"
import type { ObjectStore } from "./store.ts"
import { unpack, type GitObject } from "./unpack.ts"

export interface ReadTree {
  readonly tree: Tree
  /** Its folders by id, so that the next commit's unchanged ones needn't be read. */
  readonly folders: ReadonlyMap<string, Folder>
}

const treesMax = 3
const withoutBlobs: ReadonlySet<ObjectType> = new Set(["commit", "tree", "tag"])

/** One remote repository: polled, fetched and read; one operation on its objects at a time. */
export class Repository {
  readonly #remote: Remote
  readonly #server: Server
  readonly #store: ObjectStore
  /** Shared by all repositories, under keys that begin with this one's id. */
  readonly #trees: Lru<ReadTree>
  readonly #id: string
  readonly #mutex = new Mutex()
  /** Where the refs stood that were asked for. */
  readonly #listed = new Map<string, Revision>()
  /** Newest last. */
  #revisions: readonly Revision[] = []

  constructor(parts: {
    readonly id: string
    readonly remote: Remote
    readonly server: Server
    readonly store: ObjectStore
    readonly trees: Lru<ReadTree>
  }) {
    this.#id = parts.id
    this.#remote = parts.remote
    this.#server = parts.server
    this.#store = parts.store
    this.#trees = parts.trees
  }

  /** One poll. @throws GitError `ref-not-found` only for a whole and well-formed list without it. */
  async resolve(ref: MovingRef, signal: AbortSignal): Promise<Resolution> {
    const tips = await this.#server.tips(prefixesOf(ref), signal)
    // Asked for only to be told: what a person may have meant.
    const others = isMissing(ref, tips) ? await this.#server.tips(kindOf(ref), signal) : undefined
    const resolution = others ? pickRef(this.#remote, ref, tips, others) : pickRef(this.#remote, ref, tips)
    this.#listed.set(JSON.stringify(ref), resolution.revision)
    return resolution
  }

  /** A commit that the server lists and doesn't give is on its way, not gone: to look again is enough. */
  notYet(error: unknown, revision: Revision): unknown {
    const isGone = error instanceof GitError && error.code === "revision-not-found"
    return isGone && [...this.#listed.values()].includes(revision) ? revisionNotYet(revision, error.message) : error
  }

  async tree(revision: Revision, signal: AbortSignal): Promise<Tree> {
    const known = this.#known(revision)
    if (known) return known.tree
    const load = async (): Promise<Tree> => {
      const loaded = this.#known(revision) ?? this.#keep(revision, await this.#load(revision, signal))
      return loaded.tree
    }
    return this.#mutex.run(load, signal)
  }

  /** Forgets what is kept in memory and on disk. */
  async clear(signal: AbortSignal): Promise<void> {
    const clear = async (): Promise<void> => {
      for (const revision of this.#revisions) this.#trees.delete(this.#slot(revision))
      await this.#store.clear()
    }
    await this.#mutex.run(clear, signal)
  }

  async #load(revision: Revision, signal: AbortSignal): Promise<ReadTree> {
    try {
      return await this.#try(revision, signal)
    } catch (error) {
      signal.throwIfAborted()
      throw error instanceof LockstepError ? error : cacheFailure(toError(error))
    }
  }

  /** From what is here, else by an increment, else afresh. */
  async #try(revision: Revision, signal: AbortSignal): Promise<ReadTree> {
    if (await this.#store.isCrowded()) await this.#store.clear()
    if (!(await this.#store.isEmpty())) {
      // Whatever is wrong here shows again in what the server gives, if it isn't the cache's fault.
      const here = await this.#read(revision, new Map()).catch(() => null)
      if (here) return here
      signal.throwIfAborted()
      const increment = await this.#fetch(revision, signal).catch((error: unknown) => this.#heal(error))
      if (increment) return increment
      signal.throwIfAborted()
      await this.#store.clear()
    }
    const fresh = await this.#fetch(revision, signal)
    if (!fresh) throw badAnswer(`it leaves out parts of commit ${revision.slice(0, 10)}`)
    return fresh
  }

  /** null for what a fresh start may cure: anything wrong in the cache, or an increment that came to nothing. */
  #heal(error: unknown): null {
    if (error instanceof IncrementError || !(error instanceof LockstepError)) return null
    throw error
  }

  /**
   * null when something of the commit is still missing. Packs are stored with whole objects only: after a revert two thin
   * ones may each have what the other one builds on, and isomorphic-git would go round in circles; it also makes each
   * object of a chain of deltas from the chain's beginning. And without blobs: to index all files of a commit would take
   * many seconds and hundreds of megabytes.
   */
  async #fetch(revision: Revision, signal: AbortSignal): Promise<ReadTree | null> {
    const fetched = new Map<string, GitObject>()
    await this.#store.take(revision, async ({ haves, shallow }) => {
      const request = { wants: [revision], haves, shallow, depthOne: true, withoutBlobs: true }
      try {
        const pack = await this.#server.pack("fetch", request, signal)
        const { objects } = await unpack(pack, withoutBlobs, this.#store.reader(), signal)
        // A pack that has something and nothing to keep is that of a file.
        if (objects.size === 0 && pack.readUInt32BE(8) > 0) throw badCommit("it is a file, not a commit")
        for (const [oid, object] of objects) fetched.set(oid, object)
        return await packOfObjects([...objects.values()])
      } catch (error) {
        throw haves.length + shallow.length > 0 && isDoubtful(error)
          ? new IncrementError("increment failed", { cause: error })
          : error
      }
    })
    return this.#read(revision, fetched)
  }

  async #read(revision: Revision, fetched: ReadonlyMap<string, GitObject>): Promise<ReadTree | null> {
    const stored = this.#store.reader()
    const read = async (oid: string, type: ObjectType): Promise<Buffer> => {
      const object = fetched.get(oid) ?? (await stored(oid))
      if (!object) throw new MissingError(oid)
      if (object.type !== type) throw badCommit(`${oid.slice(0, 10)} is a ${object.type}, not a ${type}`)
      return object.data
    }
    try {
      const root = rootOf(await read(revision, "commit"))
      const newest = this.#revisions.at(-1)
      const known = newest && this.#known(newest)?.folders
      const folders = await readFolders(root, known ?? new Map(), (oid) => read(oid, "tree"))
      return { tree: await treeOf(revision, root, folders), folders }
    } catch (error) {
      if (error instanceof MissingError) return null
      throw error
    }
  }

  #known(revision: Revision): ReadTree | undefined {
    return this.#trees.get(this.#slot(revision))
  }

  #keep(revision: Revision, loaded: ReadTree): ReadTree {
    this.#trees.set(this.#slot(revision), loaded, loaded.tree.entries.size)
    const revisions = [...this.#revisions.filter((one) => one !== revision), revision]
    for (const old of revisions.slice(0, -treesMax)) this.#trees.delete(this.#slot(old))
    this.#revisions = revisions.slice(-treesMax)
    return loaded
  }

  #slot(revision: Revision): string {
    return `${this.#id} ${revision}`
  }
}

class MissingError extends Error {}
class IncrementError extends Error {}

/** A server's answer to an increment may be wrong for what it thinks that we have. */
function isDoubtful(error: unknown): boolean {
  return error instanceof GitError && (error.code === "git-refused" || error.code === "git-bad-answer")
}

function rootOf(commit: Buffer): string {
  const [, root] = /^tree ([0-9a-f]{40})\n/.exec(commit.toString("latin1", 0, 46)) ?? []
  if (root === undefined) throw badCommit("it names no folder")
  return root
}

function cacheFailure(cause: Error): GitError {
  const message = `the Git cache in stateDir can't be used (${cause.message.slice(0, 200)}): is the disk full or read-only?`
  return new GitError(message, { kind: "transient", code: "git-cache", cause })
}
