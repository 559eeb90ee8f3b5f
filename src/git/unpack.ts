import { Breath } from "../lib/breath.ts"
import { applyDelta, DeltaBudget } from "./delta.ts"
import { tooLarge } from "./failures.ts"
import { entriesOf, oidOf, type ObjectType, type PackEntry } from "./pack.ts"

/** Held at one time while a pack is read: objects, and deltas that wait for their base. */
const heldBytesMax = 256 * 1024 * 1024
/** What an object, a delta, or the place of something passed over weighs beside its bytes. */
const objectBytes = 256
const placeBytes = 64
/** Bases that aren't in the pack; each is looked for once. */
const basesAskedMax = 200_000

export interface GitObject {
  readonly type: ObjectType
  readonly data: Buffer
}

export interface Unpacked {
  /** Those of the kept types by id, whole. */
  readonly objects: ReadonlyMap<string, GitObject>
  /** Sizes of the blobs that are too large to be kept, by id. */
  readonly huge: ReadonlyMap<string, number>
}

/** An object that is here already; null when it isn't. */
export type ReadBase = (oid: string) => Promise<GitObject | null>

type Delta = Extract<PackEntry["content"], { readonly kind: "delta" }>
interface Waiting {
  readonly at: number
  readonly delta: Buffer
}

/**
 * The objects of the kept types in a verified pack; deltas are applied to their bases, in the pack or by `readBase`. A
 * delta whose base is neither is left out: whoever needs its object will miss it. @throws GitError
 */
export async function unpack(
  pack: Buffer,
  kept: ReadonlySet<ObjectType>,
  readBase: ReadBase,
  signal: AbortSignal,
): Promise<Unpacked> {
  const breath = new Breath()
  const reading = new Reading(kept, new DeltaBudget(breath))
  for await (const { at, content } of entriesOf(pack, breath)) {
    signal.throwIfAborted()
    await reading.take(at, content)
  }
  await reading.settle(readBase, signal)
  return reading
}

export async function noBase(): Promise<null> {
  return null
}

class Reading implements Unpacked {
  readonly objects = new Map<string, GitObject>()
  readonly huge = new Map<string, number>()
  readonly #kept: ReadonlySet<ObjectType>
  readonly #budget: DeltaBudget
  readonly #byPlace = new Map<number, GitObject>()
  /** Entries of other types, and the deltas against them: nobody needs to know more of these. */
  readonly #passedOver = new Set<number>()
  /** By their base. As soon as it is there each is applied once, so that no order of a pack costs more than another. */
  readonly #waiting = new Map<number | string, Waiting[]>()
  #heldBytes = 0

  constructor(kept: ReadonlySet<ObjectType>, budget: DeltaBudget) {
    this.#kept = kept
    this.#budget = budget
  }

  async take(at: number, content: PackEntry["content"]): Promise<void> {
    switch (content.kind) {
      case "whole":
        if (this.#kept.has(content.type)) await this.#arrive(at, content)
        else this.#passOver(at)
        return
      case "huge":
        if (content.type === "blob") this.huge.set(content.oid, content.size)
        this.#passOver(at)
        return
      case "delta":
        await this.#takeDelta(at, content)
    }
  }

  /** Those that wait for a base outside. */
  async settle(readBase: ReadBase, signal: AbortSignal): Promise<void> {
    let asked = 0
    for (const oid of this.#waiting.keys().toArray()) {
      if (typeof oid === "number" || !this.#waiting.has(oid)) continue
      signal.throwIfAborted()
      if (++asked > basesAskedMax) throw tooLarge(`the Git server sends deltas of more than ${basesAskedMax} bases`)
      await this.#budget.breath.spend(50)
      const base = await readBase(oid)
      if (base) await this.#applyAll(this.#released(oid).map((one) => ({ ...one, base })))
    }
  }

  async #takeDelta(at: number, { base, delta }: Delta): Promise<void> {
    const found = typeof base === "number" ? this.#byPlace.get(base) : this.objects.get(base)
    if (found) return this.#applyAll([{ at, delta, base: found }])
    if (typeof base === "number" && this.#passedOver.has(base)) return this.#passOver(at)
    this.#hold(delta.length + objectBytes)
    const others = this.#waiting.get(base)
    if (others) others.push({ at, delta })
    else this.#waiting.set(base, [{ at, delta }])
  }

  async #arrive(at: number, object: GitObject): Promise<void> {
    await this.#applyAll(this.#keep(at, object))
  }

  /** Deltas whose base is there, and then those for which what they make is the base. */
  async #applyAll(due: (Waiting & { readonly base: GitObject })[]): Promise<void> {
    for (let next = due.pop(); next; next = due.pop()) {
      const data = await applyDelta(next.base.data, next.delta, this.#budget)
      due.push(...this.#keep(next.at, { type: next.base.type, data }))
    }
  }

  /** Returns those that waited for it. */
  #keep(at: number, { type, data }: GitObject): (Waiting & { readonly base: GitObject })[] {
    this.#hold(data.length + objectBytes)
    const [object, oid] = [{ type, data }, oidOf(type, data)]
    this.#byPlace.set(at, object)
    this.objects.set(oid, object)
    return [...this.#released(at), ...this.#released(oid)].map((one) => ({ ...one, base: object }))
  }

  #passOver(at: number): void {
    const places = [at]
    for (let place = places.pop(); place !== undefined; place = places.pop()) {
      this.#hold(placeBytes)
      this.#passedOver.add(place)
      for (const one of this.#released(place)) places.push(one.at)
    }
  }

  #released(base: number | string): readonly Waiting[] {
    const waiting = this.#waiting.get(base) ?? []
    this.#waiting.delete(base)
    for (const { delta } of waiting) this.#hold(-delta.length - objectBytes)
    return waiting
  }

  #hold(bytes: number): void {
    this.#heldBytes += bytes
    if (this.#heldBytes > heldBytesMax) throw tooLarge(`the Git server sends more than ${heldBytesMax} bytes to unpack`)
  }
}
