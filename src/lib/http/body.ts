const blockBytes = 64 * 1024

export interface Body {
  readonly bytes: Buffer
  /** false: there was more, or may have been, than what is read. */
  readonly isWhole: boolean
}

/**
 * At most so many bytes of a stream; what comes after them isn't read. Gathered in blocks: somebody who sends each byte
 * by itself would make objects that weigh a hundred times as much. A failure's reason is worth reading as far as it
 * comes, so there a body that breaks off ends.
 */
export async function readBounded(
  stream: AsyncIterable<Uint8Array>,
  bytesMax: number,
  whenBroken: "throw" | "end" = "throw",
): Promise<Body> {
  const gathered = new Blocks()
  try {
    for await (const chunk of stream) {
      if (gathered.bytes + chunk.length > bytesMax) return { bytes: gathered.join(), isWhole: false }
      gathered.add(chunk)
    }
  } catch (error) {
    if (whenBroken === "throw") throw error
    return { bytes: gathered.join(), isWhole: false }
  }
  return { bytes: gathered.join(), isWhole: true }
}

class Blocks {
  bytes = 0
  readonly #blocks: Uint8Array[] = []
  #open = Buffer.alloc(0)
  #filled = 0

  add(chunk: Uint8Array): void {
    this.bytes += chunk.length
    if (chunk.length >= blockBytes) {
      this.#close(0)
      this.#blocks.push(chunk)
      return
    }
    if (this.#filled + chunk.length > this.#open.length) this.#close(blockBytes)
    this.#open.set(chunk, this.#filled)
    this.#filled += chunk.length
  }

  join(): Buffer {
    this.#close(0)
    return Buffer.concat(this.#blocks)
  }

  #close(next: number): void {
    if (this.#filled > 0) this.#blocks.push(this.#open.subarray(0, this.#filled))
    this.#open = Buffer.allocUnsafe(next)
    this.#filled = 0
  }
}
