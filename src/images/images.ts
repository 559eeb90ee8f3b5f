import { jitter } from "../core/delay.ts"
import type { ImageVerdict } from "../core/image.ts"
import type { SecretReader } from "../core/secret.ts"
import type { RegistryAccess } from "../core/source.ts"
import type { Clock } from "../lib/clock.ts"
import { Lru } from "../lib/lru.ts"
import { Lanes } from "../lib/lanes.ts"
import { parseReference, type ImageReference } from "./reference.ts"
import { Registry, type Answer } from "./registry.ts"

export interface ImagesOptions {
  readonly secrets: SecretReader
  readonly clock: Clock
  readonly userAgent: string
  /** How long one question waits for registries; what comes later is known the next time. */
  readonly patienceMs: number
  readonly onRequest?: (request: { readonly result: Answer["kind"] }) => void
}

export interface ImageQuestion {
  /** Names as they stand in the manifests. */
  readonly images: ReadonlySet<string>
  readonly registries: readonly RegistryAccess[]
  /** What isn't known to be there, and was asked for before this moment, is asked for again: somebody wants to know. */
  readonly since: number
}
export interface ImageAnswers {
  readonly verdicts: ReadonlyMap<string, ImageVerdict>
  /** When it is worth to ask again for those that aren't there, in milliseconds from now; null = all are there. */
  readonly againMs: number | null
}

interface Known {
  readonly verdict: ImageVerdict
  readonly askedMs: number
  readonly untilMs: number
  /** How often in a row it wasn't there. */
  readonly tries: number
}

const rememberedMax = 5_000
const looksPerHostMax = 4
const tagThereMs = 300_000
const digestThereMs = 86_400_000
const againBaseMs = 5_000
const missingCapMs = 180_000
const unknownCapMs = 300_000
const underWayMs = 3_000

/** What registries say of images, remembered: a steady state asks nothing, and an image that CI pushes is soon seen. */
export class Images implements AsyncDisposable {
  readonly #options: ImagesOptions
  readonly #registry: Registry
  readonly #lanes = new Lanes(looksPerHostMax)
  readonly #known = new Lru<Known>(rememberedMax)
  readonly #underWay = new Map<string, Promise<void>>()
  /** Looks outlive the turn that asked, so no caller's signal may end one. */
  readonly #lifetime = new AbortController()

  constructor(options: ImagesOptions) {
    this.#options = options
    this.#registry = new Registry(options)
  }

  /** Never fails but by `signal`, and never takes much longer than the patience: what isn't known by then is `unknown`. */
  async ask({ images, registries, since }: ImageQuestion, signal: AbortSignal): Promise<ImageAnswers> {
    const asked = [...images].map((name) => {
      const image = parseReference(name)
      const access = registries.find(({ host }) => host === image?.host) ?? null
      return { name, image, access, slot: JSON.stringify([name, access]) }
    })
    const looks = asked.flatMap(({ image, access, slot }) => (image ? this.#look(slot, { image, access, since }) : []))
    if (looks.length > 0) await this.#withPatience(Promise.all(looks), signal)
    const verdicts = new Map(asked.map(({ name, image, slot }) => [name, image ? this.#verdict(slot) : noName(name)]))
    const open = asked.filter(({ name }) => verdicts.get(name)?.kind !== "there")
    const waits = open.flatMap(({ image, slot }) => (image ? this.#waitOf(slot) : []))
    return { verdicts, againMs: waits.length > 0 ? Math.min(...waits) : null }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#lifetime.abort()
    await this.#registry[Symbol.asyncDispose]()
    await Promise.all(this.#underWay.values())
  }

  /** A look that is under way or due; null when what is known is good enough. */
  #look(
    slot: string,
    asked: { image: ImageReference; access: RegistryAccess | null; since: number },
  ): Promise<void> | readonly never[] {
    const known = this.#known.get(slot)
    const now = this.#options.clock.elapsed()
    const isDue = !known || known.untilMs <= now
    const isWanted = known && known.verdict.kind !== "there" && known.askedMs < asked.since
    if (!isDue && !isWanted) return []
    const underWay = this.#underWay.get(slot)
    if (underWay) return underWay
    // A person who asks again and again must not make the daemon wait longer by itself.
    const tries = Math.max(0, (known?.tries ?? 0) - (isDue ? 0 : 1))
    const look = this.#lanes
      .run(asked.image.host, () => this.#ask(slot, asked, tries), this.#lifetime.signal)
      .catch(() => undefined)
      .finally(() => this.#underWay.delete(slot))
    this.#underWay.set(slot, look)
    return look
  }

  async #ask(
    slot: string,
    { image, access }: { image: ImageReference; access: RegistryAccess | null },
    tries: number,
  ): Promise<void> {
    const { clock, onRequest } = this.#options
    if (this.#lifetime.signal.aborted) return
    const askedMs = clock.elapsed()
    const answer = await this.#registry.look(image, access, this.#lifetime.signal)
    if (this.#lifetime.signal.aborted) return
    onRequest?.({ result: answer.kind })
    const goodForMs = answer.kind === "there" ? thereMs(image) : this.#backoffMs(answer, tries)
    const untilMs = clock.elapsed() + goodForMs
    const missed = answer.kind === "there" ? 0 : tries + 1
    this.#known.set(slot, { verdict: verdictOf(answer), askedMs, untilMs, tries: missed }, 1)
  }

  #backoffMs({ kind, retryAfterMs }: Answer, tries: number): number {
    const cap = kind === "missing" ? missingCapMs : unknownCapMs
    const delay = Math.min(cap, againBaseMs * 2 ** Math.min(tries, 20))
    return Math.max(retryAfterMs ?? 0, jitter(delay, this.#options.clock.random()))
  }

  async #withPatience(looks: Promise<unknown>, signal: AbortSignal): Promise<void> {
    const over = new AbortController()
    const patience = this.#options.clock.sleep(this.#options.patienceMs, AbortSignal.any([signal, over.signal]))
    try {
      await Promise.race([looks, patience])
    } finally {
      over.abort()
      await patience.catch(() => undefined)
    }
    signal.throwIfAborted()
  }

  #verdict(slot: string): ImageVerdict {
    const known = this.#known.get(slot)
    const isOver = known?.verdict.kind === "there" && known.untilMs <= this.#options.clock.elapsed()
    return known && !isOver ? known.verdict : { kind: "unknown", message: "its registry hasn't answered yet" }
  }

  #waitOf(slot: string): number {
    const known = this.#known.get(slot)
    if (this.#underWay.has(slot) || !known) return underWayMs
    return Math.max(1_000, known.untilMs - this.#options.clock.elapsed())
  }
}

function thereMs({ isDigest }: ImageReference): number {
  return isDigest ? digestThereMs : tagThereMs
}

function verdictOf({ kind, message }: Answer): ImageVerdict {
  return kind === "there" ? { kind } : { kind, message }
}

/** Nothing to ask for: Docker would refuse the name too. */
function noName(name: string): ImageVerdict {
  return { kind: "unknown", message: `"${name.slice(0, 100)}" is no name of an image` }
}
