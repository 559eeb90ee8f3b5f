import { digestOf } from "../core/digest.ts"
import type { Json } from "../core/json.ts"
import type { Desired, Tree } from "../core/model.ts"
import type { Source } from "../core/source.ts"
import { LockstepError } from "../lib/errors.ts"
import { Lru } from "../lib/lru.ts"
import { Rounds } from "../lib/rounds.ts"
import type { Index, Inputs, ReadBlobs, RenderPort } from "../reconcile/ports.ts"
import { clonedCommit, isPinned } from "../render/pull.ts"
import { treePartSize, type Argument, type Method } from "./messages.ts"
import { Broke, Died, Lost, Thread } from "./thread.ts"

/**
 * One thread for all, and one for those whose files were the death of it: that one may compute for longer, and nobody
 * else stands behind them. Both belong to the process, as its main thread does.
 */
const ofTheProcess = {
  all: new Thread({ callMs: 10_000, heapMiB: 512 }),
  ward: new Thread({ callMs: 45_000, heapMiB: 384 }),
}
/** A source that was the death of the thread has its files read in the other one for so long. */
const wardMs = 3_600_000
const triesMax = 6
const badBlobsMax = 1_000
const textBytesMax = 64 * 1024 * 1024

/** What an index or a Desired is called in the thread where it is, and how it is made again when it isn't there. */
interface Kept {
  readonly kind: "index" | "desired"
  readonly thread: Thread
  readonly start: number
  readonly name: string
  readonly again: () => Promise<object>
}

interface Threads {
  readonly all: Thread
  readonly ward: Thread
}

let ports = 0

/** The render port of `open-render.ts` in a thread of its own, which may die and take nothing with it. */
export function openThread(now: () => number, threads: Threads = ofTheProcess): RenderPort & Disposable {
  const self = new ThreadPort(now, threads, `${++ports}`)
  return {
    index: (tree, source, read) => self.index(tree, source, read),
    manifests: (tree, source) => self.ask("manifests", source, [tree, source]),
    bind: (index, inputs, source) => self.bind(index, inputs, source),
    imagesOf: (...args) => self.ask("imagesOf", args[2], args),
    kept: (...args) => self.ask("kept", args[3].source, args),
    isPinned,
    clonedCommit,
    has: (index) => self.has(index),
    [Symbol.dispose]: () => self.forget(),
  }
}

class ThreadPort {
  readonly #now: () => number
  readonly #threads: Threads
  readonly #id: string
  readonly #kept = new WeakMap<object, Kept>()
  readonly #bound = new WeakMap<Index, readonly { readonly key: string; readonly desired: Desired }[]>()
  readonly #owners = new Set<string>()
  /** Sources that are read in the ward, and until when. */
  readonly #ward = new Map<string, number>()
  /** Blobs that were the death of a thread that read nothing else, with the reason. A blob never changes. */
  readonly #bad = new Lru<string>(badBlobsMax)
  readonly #rounds = new Rounds()

  constructor(now: () => number, threads: Threads, id: string) {
    this.#now = now
    this.#threads = threads
    this.#id = id
  }

  async index(tree: Tree, source: Source, read: ReadBlobs): Promise<Index> {
    const work = () => this.#call("index", source, [tree, source, this.#bounded(read)])
    const index = await this.#try(source, tree, work)
    return index as Index
  }

  /** Bound anew only when something that it depends on is another: a quiet turn asks the thread nothing. */
  async bind(index: Index, inputs: Inputs, source: Source): Promise<Desired> {
    const key = keyOf(inputs, source)
    const before = this.#bound.get(index) ?? []
    const known = before.find((one) => one.key === key)
    if (known) return known.desired
    const desired = (await this.ask("bind", source, [index, inputs, source])) as Desired
    this.#bound.set(index, [...before.slice(-1), { key, desired }])
    return desired
  }

  ask<T>(method: Method, source: Source, args: readonly unknown[]): Promise<T> {
    return this.#try(source, null, () => this.#call(method, source, args)) as Promise<T>
  }

  has(index: Index): boolean {
    const kept = this.#kept.get(index)
    return kept !== undefined && kept.start === kept.thread.starts
  }

  forget(): void {
    for (const owner of this.#owners) for (const thread of Object.values(this.#threads)) thread.forget(owner)
  }

  /** Again after a death that others brought about, and in the ward after one of its own; there the file is to blame. */
  async #try(source: Source, tree: Tree | null, work: () => Promise<unknown>): Promise<unknown> {
    for (let tries = 1; ; tries++) {
      const isAlone = this.#threadOf(source) === this.#threads.ward
      try {
        return await work()
      } catch (error) {
        const ours = error instanceof Broke || (error instanceof Died && error.isCulprit)
        if (!ours && !(error instanceof Died)) throw error
        if (tries >= triesMax) throw dead(error)
        if (!ours) continue
        this.#ward.set(source.name, this.#now() + wardMs)
        if ((isAlone || error instanceof Broke) && !this.#blame(tree, error)) throw dead(error)
      }
    }
  }

  /** The other files of the source go on without this one; false when it isn't known, or already left out. */
  #blame(tree: Tree | null, { file, message }: Died | Broke): boolean {
    const oid = file === null ? undefined : tree?.entries.get(file)?.oid
    if (oid === undefined || this.#bad.get(oid) !== undefined) return false
    this.#bad.set(oid, `it can't be worked out: ${message}`, 1)
    return true
  }

  #threadOf({ name }: Source): Thread {
    if ((this.#ward.get(name) ?? 0) > this.#now()) return this.#threads.ward
    this.#ward.delete(name)
    return this.#threads.all
  }

  async #call(method: Method, source: Source, args: readonly unknown[]): Promise<unknown> {
    const thread = this.#threadOf(source)
    const owner = `${this.#id} ${source.name}`
    this.#owners.add(owner)
    for (let tries = 1; ; tries++) {
      const given = await Promise.all(args.map((arg) => this.#argument(thread, arg)))
      const read = args.find((arg) => typeof arg === "function") as ReadBlobs | undefined
      try {
        const { result, deployments } = await thread.call({ owner, method, args: given }, read ?? null)
        if (result.kind === "value") return result.value
        const { kind, name } = result
        const made =
          result.kind === "index"
            ? result.index
            : { ...result.desired, deployments: new Map(deployments.map((one) => [one.key, one])) }
        const again = async () => (await this.#call(method, source, args)) as object
        this.#kept.set(made, { kind, thread, start: thread.starts, name, again })
        return made
      } catch (error) {
        if (!(error instanceof Lost) || tries >= triesMax) throw error
        await this.#bringAgain(thread, args, error.message)
      }
    }
  }

  async #argument(thread: Thread, arg: unknown): Promise<Argument> {
    if (typeof arg === "function") return { kind: "read" }
    if (isTree(arg)) return { kind: "tree", name: arg.revision }
    const kept = typeof arg === "object" && arg !== null ? this.#kept.get(arg) : undefined
    if (!kept) return { kind: "value", value: arg }
    const isThere = kept.thread === thread && kept.start === thread.starts
    return { kind: kept.kind, name: isThere ? kept.name : (await this.#makeAgain(arg as object, kept)).name }
  }

  async #bringAgain(thread: Thread, args: readonly unknown[], name: string): Promise<void> {
    const tree = args.find((arg) => isTree(arg) && arg.revision === name) as Tree | undefined
    if (tree) return this.#sendTree(thread, tree)
    for (const arg of args) {
      const kept = typeof arg === "object" && arg !== null ? this.#kept.get(arg) : undefined
      if (kept?.name === name) await this.#makeAgain(arg as object, kept)
    }
  }

  /** The object that the daemon has stays the same; it gets the name of what was made in its place. */
  async #makeAgain(object: object, { again }: Kept): Promise<Kept> {
    const made = this.#kept.get(await again())
    if (!made) throw new Error("nothing was made")
    this.#kept.set(object, { ...made, again })
    return made
  }

  async #sendTree(thread: Thread, { revision, entries }: Tree): Promise<void> {
    const all = [...entries]
    for (let at = 0; at === 0 || at < all.length; at += treePartSize) {
      const isLast = at + treePartSize >= all.length
      thread.post({ kind: "tree", name: revision, entries: all.slice(at, at + treePartSize), isLast })
      await this.#rounds.next()
    }
  }

  /** All files of a source together, and without those that can't be worked out. */
  #bounded(read: ReadBlobs): ReadBlobs {
    let bytes = 0
    return async (oids) => {
      const blobs = new Map(await read(oids))
      for (const [oid, blob] of blobs) {
        if (blob.kind === "text") bytes += blob.text.length
        const reason = this.#bad.get(oid)
        if (reason !== undefined) blobs.set(oid, { kind: "unreadable", reason })
        else if (bytes > textBytesMax && blob.kind === "text") blobs.set(oid, { kind: "unreadable", reason: tooMuch })
      }
      return blobs
    }
  }
}

const tooMuch = `the files that this source's manifests name are more than ${textBytesMax / 1024 / 1024} MiB together`

function dead(error: Died | Broke): LockstepError {
  const at = error.file === null ? "" : ` (at ${error.file})`
  const message = `what Git says can't be worked out${at}: ${error.message}`
  return new LockstepError(message, { kind: "stalled", code: "render-died", cause: error })
}

function isTree(value: unknown): value is Tree {
  return typeof value === "object" && value !== null && "entries" in value && "revision" in value
}

/** A digest, because values of `env:` may be secret. */
function keyOf(inputs: Inputs, source: Source): string {
  const all = Object.values(inputs).map((value: unknown) => (value instanceof Map ? [...value.entries()] : value))
  return digestOf([...all, source] as unknown as Json)
}
