import type { Breath } from "../lib/breath.ts"
import { badAnswer, tooLarge } from "./failures.ts"
import { objectBytesMax } from "./pack.ts"

/** Of all deltas of one pack; what Git makes itself needs some dozens for a folder. */
const instructionsMax = 20_000_000

/** What applying the deltas of one pack may cost. */
export class DeltaBudget {
  readonly breath: Breath
  #instructions = 0

  constructor(breath: Breath) {
    this.breath = breath
  }

  spend(): boolean {
    if (++this.#instructions > instructionsMax)
      throw tooLarge(`the Git server sends deltas of more than ${instructionsMax} instructions`)
    return this.breath.isDue(0.1)
  }
}

/**
 * What a delta makes of its base (gitformat-pack): the sizes of both, then instructions, each of which copies a part of
 * the base or inserts bytes of its own.
 */
export async function applyDelta(base: Buffer, delta: Buffer, budget: DeltaBudget): Promise<Buffer> {
  const source = numberAt(delta, 0)
  const target = numberAt(delta, source.next)
  if (source.value !== base.length) throw badAnswer("the pack has a delta for another base")
  if (target.value > objectBytesMax) throw tooLarge(`the Git server sends a folder or text of ${target.value} bytes`)
  const result = Buffer.alloc(target.value)
  let filled = 0
  for (let at = target.next; at < delta.length;) {
    const step = delta[at] as number
    const part = step & 128 ? copyAt(delta, at) : { from: delta, start: at + 1, length: step, next: at + 1 + step }
    const bytes = "from" in part ? part.from : base
    const fits = part.length > 0 && part.start + part.length <= bytes.length && filled + part.length <= target.value
    if (!fits) throw badAnswer("the pack has a malformed delta")
    filled += bytes.copy(result, filled, part.start, part.start + part.length)
    at = part.next
    if (budget.spend()) await budget.breath.take()
  }
  if (filled !== target.value) throw badAnswer("the pack has a malformed delta")
  return result
}

/** Bits 0 to 3 of the instruction say which bytes of the offset follow, bits 4 to 6 which of the length. */
function copyAt(delta: Buffer, at: number): { start: number; length: number; next: number } {
  const step = delta[at] ?? 0
  let next = at + 1
  let [start, length] = [0, 0]
  for (let byte = 0; byte < 4; byte++) if (step & (1 << byte)) start += (delta[next++] ?? 0) * 256 ** byte
  for (let byte = 0; byte < 3; byte++) if (step & (16 << byte)) length += (delta[next++] ?? 0) * 256 ** byte
  return { start, length: length === 0 ? 65_536 : length, next }
}

function numberAt(bytes: Buffer, at: number): { value: number; next: number } {
  let value = 0
  let next = at
  for (let factor = 1; ; factor *= 128) {
    const byte = bytes[next++] ?? 0
    value += (byte & 127) * factor
    if (!(byte & 128)) return { value, next }
    if (value > Number.MAX_SAFE_INTEGER / 256 || next > at + 10) throw badAnswer("the pack has a malformed delta")
  }
}
