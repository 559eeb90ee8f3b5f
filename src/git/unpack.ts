import { applyDelta } from "./delta.ts"
import { tooLarge } from "./failures.ts"
import { entriesOf, oidOf, type ObjectType, type PackEntry } from "./pack.ts"

/** Held at one time while a pack is read. */
const heldBytesMax = 512 * 1024 * 1024

export interface GitObject {
  readonly type: ObjectType
  readonly data: Buffer
}

export interface Unpacked {
  /** Those of the kept types by id, whole. */
  readonly objects: ReadonlyMap<string, GitObject>
  /** Sizes of the blobs that are too large to be kept, by id. */
  readonly huge: ReadonlyMap<string, number>
  /** Whether something names its base by id: not a thing that stands for itself. */
  readonly isThin: boolean
}

/** An object that is here already; null when it isn't. */
export type ReadBase = (oid: string) => Promise<GitObject | null>

type Delta = Extract<PackEntry["content"], { readonly kind: "delta" }>
interface Waiting {
  readonly at: number
  readonly content: Delta
}

/**
 * The objects of the kept types in a verified pack; deltas are applied to their bases, in the pack or by `readBase`. A
 * delta whose base is neither is left out: whoever needs its object will miss it. @throws GitError
 */
export async function unpack(pack: Buffer, kept: ReadonlySet<ObjectType>, readBase: ReadBase): Promise<Unpacked> {
  const reading = new Reading(kept)
  for await (const { at, content } of entriesOf(pack)) reading.take(at, content)
  while (await reading.settle(readBase));
  return reading
}

export async function noBase(): Promise<null> {
  return null
}

class Reading implements Unpacked {
  readonly objects = new Map<string, GitObject>()
  readonly huge = new Map<string, number>()
  isThin = false
  readonly #kept: ReadonlySet<ObjectType>
  readonly #byPlace = new Map<number, GitObject>()
  /** Entries of other types, and the deltas against them: nobody needs to know more of these. */
  readonly #passedOver = new Set<number>()
  #waiting: Waiting[] = []
  #heldBytes = 0

  constructor(kept: ReadonlySet<ObjectType>) {
    this.#kept = kept
  }

  take(at: number, content: PackEntry["content"]): void {
    switch (content.kind) {
      case "whole":
        if (this.#kept.has(content.type)) this.#keep(at, content)
        else this.#passedOver.add(at)
        return
      case "huge":
        if (content.type === "blob") this.huge.set(content.oid, content.size)
        this.#passedOver.add(at)
        return
      case "delta":
        this.isThin ||= typeof content.base === "string"
        if (!this.#apply(at, content, this.#baseOf(content))) this.#waiting.push({ at, content })
    }
  }

  /** Those that wait for a base behind them, or outside. Returns whether another round may help more. */
  async settle(readBase: ReadBase): Promise<boolean> {
    const waiting = this.#waiting
    this.#waiting = []
    for (const { at, content } of waiting) {
      const inside = this.#baseOf(content)
      const base = inside ?? (typeof content.base === "string" ? await readBase(content.base) : null)
      if (!this.#apply(at, content, base)) this.#waiting.push({ at, content })
    }
    return this.#waiting.length > 0 && this.#waiting.length < waiting.length
  }

  #baseOf({ base }: Delta): GitObject | null {
    return (typeof base === "number" ? this.#byPlace.get(base) : this.objects.get(base)) ?? null
  }

  #apply(at: number, { base, delta }: Delta, found: GitObject | null): boolean {
    if (found) {
      this.#keep(at, { type: found.type, data: applyDelta(found.data, delta) })
      return true
    }
    if (typeof base === "string" || !this.#passedOver.has(base)) return false
    this.#passedOver.add(at)
    return true
  }

  #keep(at: number, { type, data }: GitObject): void {
    this.#heldBytes += data.length
    if (this.#heldBytes > heldBytesMax) throw tooLarge(`the Git server sends more than ${heldBytesMax} bytes of texts`)
    const object = { type, data }
    this.#byPlace.set(at, object)
    this.objects.set(oidOf(type, data), object)
  }
}
