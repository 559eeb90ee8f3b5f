import type { Json, JsonObject } from "../core/json.ts"
import { adviceFor } from "./advice.ts"
import { compose } from "./compose.ts"
import { Refused, type Place } from "./text-cursor.ts"
import { expandedSize, type Node, type Sizes } from "./node.ts"
import { scan } from "./scan.ts"

interface Finding {
  readonly severity: "error" | "warning"
  readonly code: "yaml-syntax" | "yaml-duplicate-key" | "yaml-too-large"
  readonly message: string
  readonly at: Place
}
export interface Parsed {
  /** null when the file can't be read as one document. */
  readonly root: Node | null
  /** How many values a node of it stands for, once its aliases are followed. */
  readonly sizeOf: (node: Node) => number
  readonly findings: readonly Finding[]
}

/** More than any file that is read; a guard for who calls with more. */
const charsMax = 2 * 1024 * 1024
const findingsMax = 100

/**
 * Reads a file as PyYAML's safe loader does: one document, YAML 1.1 with PyYAML's own reading of it, merge keys, the
 * last of two equal keys. What it refuses is refused here; what no JSON can carry (sets, bytes, loops) is refused, too.
 */
export function parseYaml(text: string): Parsed {
  const findings: Finding[] = []
  // Python opens a file as text, so each kind of line end has become one; a byte order mark says nothing.
  const lines = text.length > charsMax ? "" : text.replace(/^\ufeff/, "").replaceAll(/\r\n?/g, "\n")
  try {
    if (text.length > charsMax) throw new Refused("it is larger than is read", { line: 1, column: 1 }, "yaml-too-large")
    refuseUnprintable(lines)
    const root = compose(scan(lines), (key, at) => {
      const message = `the key "${key.slice(0, 60)}" stands here twice; the last one counts`
      if (findings.length < findingsMax) findings.push({ severity: "warning", code: "yaml-duplicate-key", message, at })
    })
    const sizes: Sizes = new Map()
    expandedSize(root, sizes)
    return { root, findings, sizeOf: (node) => expandedSize(node, sizes).values }
  } catch (error) {
    if (!(error instanceof Refused)) throw error
    const message = adviceFor(error, lines)
    return { root: null, sizeOf: () => 0, findings: [...findings, { severity: "error", ...error.told(), message }] }
  }
}

/**
 * PyYAML's set of characters, without four that it takes and no editor shows: U+0085, U+2028 and U+2029 end lines there,
 * and U+FEFF has no width.
 */
function refuseUnprintable(text: string): void {
  const index = text.search(/[^\t\n -~\u00a0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\u{10000}-\u{10ffff}]/u)
  if (index < 0) return
  const before = text.slice(0, index).split("\n")
  const code = (text.codePointAt(index) ?? 0).toString(16).toUpperCase().padStart(4, "0")
  const at = { line: before.length, column: (before.at(-1) ?? "").length + 1 }
  throw new Refused(`the character U+${code} can't stand in a YAML file: write it as an escape in double quotes`, at)
}

/** The plain value. */
export function toJson(node: Node): Json {
  if (node.kind === "scalar") return node.value
  if (node.kind === "list") return node.items.map((item) => toJson(item))
  const members: JsonObject = Object.fromEntries([...node.entries].map(([key, { value }]) => [key, toJson(value)]))
  return members
}
