import { open } from "node:fs/promises"
import { Secret, type SecretReader, type SecretRef } from "../core/secret.ts"
import { ConfigError, toError } from "../lib/errors.ts"
import type { Environment } from "./values.ts"

const secretBytesMax = 64 * 1024
/** Shorter values stand in ordinary words too often: masking them would make every text unreadable. */
const maskedLengthMin = 4
/** The same for values that stand openly in the config: a tenant's name is a word like others. */
const openLengthMin = 12
/** Rotated values are forgotten, oldest first, when there are more. */
const rememberedValuesMax = 1000
/** Shorter pieces of an encoded secret give nothing away and occur by chance. */
const encodedLengthMin = 8
const shown = "[secret]"
/** Stands for a value that was taken out, so that no shorter one is looked for inside `shown`. */
const gap = "\u0000"

/** Reads secrets from the environment and from files, anew each time, and masks every value that it has read. */
export class Secrets implements SecretReader {
  readonly #environment: Environment
  readonly #remembered = new Set<string>()
  /** What to look for, made anew when a value is added. */
  #forms: readonly string[] | null = null
  constructor(environment: Environment) {
    this.#environment = environment
  }

  async read(ref: SecretRef): Promise<Secret> {
    const value = await this.#valueOf(ref)
    this.#remember(value, ref.kind === "text" ? openLengthMin : maskedLengthMin)
    return new Secret(value)
  }

  mask(text: string): string {
    this.#forms ??= formsOf(this.#remembered)
    let masked = text
    // One after the other, not as one pattern: large secrets make patterns that the engine refuses.
    for (const form of this.#forms) if (masked.includes(form)) masked = masked.replaceAll(form, gap)
    return maskCut(masked, this.#forms).replaceAll(gap, shown)
  }

  async #valueOf(ref: SecretRef): Promise<string> {
    if (ref.kind === "text") return ref.value
    return ref.kind === "env" ? this.#fromEnvironment(ref.name) : readSecretFile(ref.path)
  }

  #fromEnvironment(name: string): string {
    const value = Object.hasOwn(this.#environment, name) ? (this.#environment[name] ?? "") : ""
    if (value !== "") return value
    throw new ConfigError(`the environment variable ${name}, which the config refers to, is not set`, {
      kind: "stalled",
      code: "secret-missing",
    })
  }

  #remember(value: string, lengthMin: number): void {
    if (value.length < lengthMin || this.#remembered.has(value)) return
    this.#remembered.add(value)
    for (const oldest of this.#remembered) {
      if (this.#remembered.size <= rememberedValuesMax) break
      this.#remembered.delete(oldest)
    }
    this.#forms = null
  }
}

/** The file without the line end that editors and `echo` put there. */
async function readSecretFile(path: string): Promise<string> {
  const refuse = (why: string, cause?: unknown): never => {
    throw new ConfigError(`the secret file ${path} ${why}`, { kind: "stalled", code: "secret-missing", cause })
  }
  try {
    await using file = await open(path)
    const buffer = Buffer.alloc(secretBytesMax + 1)
    const { bytesRead } = await file.read(buffer, 0, buffer.length, 0)
    if (bytesRead > secretBytesMax) return refuse(`is larger than ${secretBytesMax} bytes`)
    const value = buffer.toString("utf8", 0, bytesRead).replace(/\r?\n$/, "")
    return value === "" ? refuse("is empty") : value
  } catch (error) {
    if (error instanceof ConfigError) throw error
    return refuse(`can't be read: ${toError(error).message}`, error)
  }
}

/** Whoever sent a text may have cut it before we saw it: the beginning of a value at its end is half a secret. */
function maskCut(text: string, forms: readonly string[]): string {
  let masked = text
  for (const form of forms) {
    const head = form.slice(0, encodedLengthMin)
    if (head.length < encodedLengthMin) continue
    for (let at = masked.indexOf(head); at >= 0; at = masked.indexOf(head, at + 1)) {
      const end = sameUntil(masked, at, form)
      if (end === masked.length || masked.startsWith("…", end) || masked.startsWith("...", end))
        masked = masked.slice(0, at) + gap + masked.slice(end)
    }
  }
  return masked
}

/** Where a text that has the beginning of `form` at `start` ceases to go on like it. */
function sameUntil(text: string, start: number, form: string): number {
  let length = 0
  while (length < form.length && start + length < text.length && text[start + length] === form[length]) length++
  return start + length
}

/** Everything that a value may look like in a text, the longest first, so that no rest of it stays. */
function formsOf(values: Iterable<string>): readonly string[] {
  const forms = new Set<string>()
  for (const value of values) {
    const inUrl = encodeURIComponent(value.toWellFormed())
    const inForm = new URLSearchParams([["", value]]).toString().slice(1)
    for (const form of [value, JSON.stringify(value).slice(1, -1), inUrl, inForm])
      forms.add(form).add(form.replaceAll(/%[0-9A-F]{2}/g, (escaped) => escaped.toLowerCase()))
    // A PEM key is printed line by line as often as whole.
    for (const line of value.split("\n")) if (line.trim().length >= encodedLengthMin) forms.add(line.trim())
    for (const piece of base64Forms(value)) forms.add(piece)
  }
  return [...forms].toSorted((a, b) => b.length - a.length)
}

/**
 * Base64 of a value depends on what stands before it (`user:password`): three alignments, without the characters at
 * both ends that also hold bits of the neighbours. In both alphabets.
 */
function base64Forms(value: string): readonly string[] {
  const bytes = Buffer.from(value)
  const pieces = [0, 1, 2].map((before) => {
    const encoded = Buffer.concat([Buffer.alloc(before), bytes])
      .toString("base64")
      .replace(/=+$/, "")
    const whole = Math.floor(((before + bytes.length) * 8) / 6)
    return encoded.slice(Math.ceil((before * 8) / 6), whole)
  })
  const long = [bytes.toString("base64").replace(/=+$/, ""), ...pieces].filter(
    ({ length }) => length >= encodedLengthMin,
  )
  return [...long, ...long.map((piece) => piece.replaceAll("+", "-").replaceAll("/", "_"))]
}
