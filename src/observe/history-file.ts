import { appendFile, open, rename, stat } from "node:fs/promises"
import { join } from "node:path"
import type { SourceName } from "../core/model.ts"
import { cleanValue } from "./clean.ts"
import type { HistoryEntry, Kept } from "./history.ts"

/** Beyond this the file becomes the old one, and the old one before it goes. */
const fileBytesMax = 4 * 1024 * 1024
/** A disk that takes no more must not fill the memory. */
const waitingMax = 1000

/**
 * The history, a line an entry, in two files that together are bounded. It may be cut, damaged or deleted at any time:
 * what can't be read is left out, and what can't be written is told to `onError` and kept in memory only.
 */
export class HistoryFile {
  readonly #path: string
  readonly #old: string
  readonly #mask: (text: string) => string
  readonly #onError: (error: unknown) => void
  #waiting = 0
  /** Writes happen one after the other. */
  #written: Promise<void> = Promise.resolve()

  constructor(
    stateDir: string,
    parts: { readonly mask: (text: string) => string; readonly onError: (error: unknown) => void },
  ) {
    this.#path = join(stateDir, "history.jsonl")
    this.#old = join(stateDir, "history.1.jsonl")
    this.#mask = parts.mask
    this.#onError = parts.onError
  }

  /** All that was kept, oldest first. */
  async read(): Promise<readonly Kept[]> {
    const [old, now] = await Promise.all([readEnd(this.#old), readEnd(this.#path)])
    // A line that a kill cut short must not swallow the next one.
    if (now !== "" && !now.endsWith("\n")) await appendFile(this.#path, "\n").catch(this.#onError)
    return [old, now].flatMap((text) => text.split("\n")).flatMap((line) => parseLine(line) ?? [])
  }

  /** Secrets are taken out and lengths bounded before anything reaches the disk. */
  keep({ source, entry }: Kept): void {
    if (this.#waiting >= waitingMax) return
    this.#waiting++
    const line = `${JSON.stringify(cleanValue({ source, entry }, this.#mask))}\n`
    this.#written = this.#written
      .then(() => this.#write(line))
      .catch(this.#onError)
      .finally(() => this.#waiting--)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#written
  }

  async #write(line: string): Promise<void> {
    const { size } = await stat(this.#path).catch(() => ({ size: 0 }))
    if (size > fileBytesMax) await rename(this.#path, this.#old)
    await appendFile(this.#path, line, { mode: 0o600 })
  }
}

/** The last part of a file; nothing when there is none. */
async function readEnd(path: string): Promise<string> {
  try {
    await using file = await open(path)
    const { size } = await file.stat()
    const buffer = Buffer.alloc(Math.min(size, 2 * fileBytesMax))
    const { bytesRead } = await file.read(buffer, 0, buffer.length, size - buffer.length)
    return buffer.toString("utf8", 0, bytesRead)
  } catch {
    return ""
  }
}

function parseLine(line: string): Kept | null {
  try {
    const { source, entry } = JSON.parse(line) as { readonly source: unknown; readonly entry: unknown }
    return typeof source === "string" && isEntry(entry) ? { source: source as SourceName, entry } : null
  } catch {
    return null
  }
}

/** Whether a value has all that whoever shows an entry relies on; anybody may have written to the file. */
function isEntry(value: unknown): value is HistoryEntry {
  if (typeof value !== "object" || value === null || !("kind" in value)) return false
  const entry = value as Readonly<Record<string, unknown>>
  if (entry["kind"] === "act") return hasTexts(entry, ["act", "by", "at", "result"]) && areTexts(entry["victims"])
  return entry["kind"] === "turn" && isTurn(entry)
}

function isTurn(entry: Readonly<Record<string, unknown>>): boolean {
  const { failure, hold, writes } = entry
  return (
    hasTexts(entry, ["outcome", "trigger", "startedAt", "until"]) &&
    ["turn", "durationMs", "problems", "turns"].every((name) => typeof entry[name] === "number") &&
    ["revision", "changes"].every((name) => isMap(entry[name])) &&
    (failure === null || (isMap(failure) && hasTexts(failure, ["code", "message"]))) &&
    (hold === null || (isMap(hold) && areTexts(hold["reasons"]))) &&
    Array.isArray(writes) &&
    writes.every((write) => isMap(write) && hasTexts(write, ["action", "key", "result"]))
  )
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value)
}

function hasTexts(value: Readonly<Record<string, unknown>>, names: readonly string[]): boolean {
  return names.every((name) => typeof value[name] === "string")
}

function areTexts(value: unknown): boolean {
  return Array.isArray(value) && value.every((item) => typeof item === "string")
}
