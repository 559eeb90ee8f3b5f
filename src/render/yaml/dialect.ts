import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  parseAllDocuments,
  type Document,
  type Node as YamlNode,
  type Pair,
} from "yaml"
import { canonicalJson, type Json, type JsonObject } from "../../core/json.ts"
import { plainScalar } from "./scalar.ts"

/** A value with its place; `line` and `column` count from 1. Shared where the file uses an alias. */
export type Node =
  | { readonly kind: "scalar"; readonly value: Json; readonly at: Place }
  | { readonly kind: "list"; readonly items: readonly Node[]; readonly at: Place }
  | { readonly kind: "map"; readonly entries: ReadonlyMap<string, Entry>; readonly at: Place }
interface Entry {
  readonly at: Place
  readonly value: Node
}
interface Place {
  readonly line: number
  readonly column: number
}
interface Finding {
  readonly severity: "error" | "warning"
  readonly code: "yaml-syntax" | "yaml-duplicate-key" | "yaml-too-large"
  readonly message: string
  readonly at: Place
}
export interface Parsed {
  /** null when the file can't be read as one document. */
  readonly root: Node | null
  readonly findings: readonly Finding[]
}

const depthMax = 100
/** Values after all aliases are followed: a few lines of them can otherwise stand for billions. */
const valuesMax = 200_000
const tooDeep = `it is nested more than ${depthMax} deep`
const tooWide = "its aliases expand to too many values"

/**
 * Reads a file as PyYAML's safe loader does: one document, YAML 1.1 scalars, merge keys, the last of two equal keys.
 * Scalars are taken as texts from the parser and given their meaning here.
 */
export function parseYaml(text: string): Parsed {
  const lines = new LineCounter()
  const documents = parseAllDocuments(text, {
    schema: "failsafe",
    uniqueKeys: false,
    lineCounter: lines,
    prettyErrors: false,
    logLevel: "silent",
  })
  const reader = new Reader(text, lines)
  if (!Array.isArray(documents)) return { root: nothing, findings: [] }
  const [document, second] = documents as Document[]
  if (!document) return { root: nothing, findings: [] }
  findSyntaxErrors(reader, document, second)
  if (reader.findings.length > 0) return { root: null, findings: reader.findings }
  try {
    const root = document.contents === null ? nothing : reader.read(document.contents, 0)
    if (expandedSize(root, new Map()).values > valuesMax) throw new Refused("yaml-too-large", tooWide, 0)
    return { root, findings: reader.findings }
  } catch (error) {
    if (!(error instanceof Refused)) throw error
    reader.find("error", error.code, error.message, error.offset)
    return { root: null, findings: reader.findings }
  }
}

function findSyntaxErrors(reader: Reader, document: Document, second: Document | undefined): void {
  for (const { pos, message } of document.errors) {
    // The parser is recursive, and says so when a file is nested thousands deep.
    if (message.includes("call stack")) reader.find("error", "yaml-too-large", tooDeep, pos[0])
    else reader.find("error", "yaml-syntax", message, pos[0])
  }
  if (!second) return
  const message = "a second document (---) begins here; only one is allowed"
  reader.find("error", "yaml-syntax", message, second.range?.[0] ?? 0)
}

/** The plain value. */
export function toJson(node: Node): Json {
  if (node.kind === "scalar") return node.value
  if (node.kind === "list") return node.items.map((item) => toJson(item))
  const members: JsonObject = Object.fromEntries([...node.entries].map(([key, { value }]) => [key, toJson(value)]))
  return members
}

const nothing: Node = { kind: "scalar", value: null, at: { line: 1, column: 1 } }

class Refused extends Error {
  readonly code: "yaml-syntax" | "yaml-too-large"
  readonly offset: number
  constructor(code: Refused["code"], message: string, offset: number) {
    super(message)
    this.code = code
    this.offset = offset
  }
}

class Reader {
  readonly findings: Finding[] = []
  readonly #text: string
  readonly #lines: LineCounter
  /** Null while the node is still being read. */
  readonly #anchors = new Map<string, Node | null>()
  #mergedValues = 0

  constructor(text: string, lines: LineCounter) {
    this.#text = text
    this.#lines = lines
  }

  find(severity: Finding["severity"], code: Finding["code"], message: string, offset: number): void {
    if (this.findings.length < 100) this.findings.push({ severity, code, message, at: this.place(offset) })
  }

  place(offset: number): Place {
    const { line, col } = this.#lines.linePos(offset)
    return { line: Math.max(line, 1), column: Math.max(col, 1) }
  }

  read(node: YamlNode | null, depth: number): Node {
    const offset = node?.range?.[0] ?? 0
    if (depth > depthMax) throw new Refused("yaml-too-large", tooDeep, offset)
    if (node === null) return { kind: "scalar", value: null, at: this.place(offset) }
    if (isAlias(node)) return this.#alias(node.source, offset)
    const { anchor } = node as { anchor?: string }
    if (anchor === undefined) return this.#readNew(node, depth)
    if (this.#anchors.has(anchor)) throw new Refused("yaml-syntax", `the anchor "${anchor}" is defined twice`, offset)
    this.#anchors.set(anchor, null)
    const read = this.#readNew(node, depth)
    this.#anchors.set(anchor, read)
    return read
  }

  /** From a table of our own: the parser walks the whole document for each alias. */
  #alias(name: string, offset: number): Node {
    const target = this.#anchors.get(name)
    if (target) return target
    const why = target === null ? "stands inside of itself" : "isn't defined before"
    throw new Refused("yaml-syntax", `the anchor "${name}" ${why}`, offset)
  }

  #readNew(node: YamlNode, depth: number): Node {
    const offset = node.range?.[0] ?? 0
    const at = this.place(offset)
    if (isMap(node))
      return { kind: "map", entries: this.#entries(node.items as Pair<YamlNode, YamlNode | null>[], depth), at }
    if (isSeq(node))
      return { kind: "list", items: node.items.map((item) => this.read(item as YamlNode, depth + 1)), at }
    return { kind: "scalar", value: isScalar(node) ? this.#scalar(node) : null, at }
  }

  #entries(pairs: readonly Pair<YamlNode, YamlNode | null>[], depth: number): ReadonlyMap<string, Entry> {
    const own = new Map<string, Entry>()
    const merged = new Map<string, Entry>()
    for (const { key, value } of pairs) {
      const offset = key.range?.[0] ?? 0
      const name = this.#key(key, depth)
      const read = this.read(value, depth + 1)
      if (name === "<<" && isScalar(key) && key.type === "PLAIN") {
        this.#merge(read, offset).forEach(([inherited, entry]) => merged.has(inherited) || merged.set(inherited, entry))
        continue
      }
      if (own.has(name))
        this.find("warning", "yaml-duplicate-key", `the key "${name}" stands here twice; the last one counts`, offset)
      own.set(name, { at: this.place(offset), value: read })
    }
    return new Map([...merged, ...own])
  }

  #merge(read: Node, offset: number): readonly (readonly [string, Entry])[] {
    const maps = read.kind === "list" ? read.items : [read]
    return maps.flatMap((map) => {
      if (map.kind !== "map") throw new Refused("yaml-syntax", "only mappings can be merged with <<", offset)
      this.#mergedValues += 1 + map.entries.size
      if (this.#mergedValues > valuesMax) throw new Refused("yaml-too-large", tooWide, offset)
      return [...map.entries]
    })
  }

  /** Keys become texts as Python's json module makes them. */
  #key(key: YamlNode, depth: number): string {
    if (isScalar(key) && key.type === "PLAIN" && key.value === "<<") return "<<"
    const read = this.read(key, depth + 1)
    if (read.kind !== "scalar") throw new Refused("yaml-syntax", "a key must be a plain value", key.range?.[0] ?? 0)
    return typeof read.value === "string" ? read.value : canonicalJson(read.value)
  }

  #scalar(node: YamlNode): Json {
    if (!isScalar(node)) return null
    const text = typeof node.value === "string" ? node.value : ""
    const offset = node.range?.[0] ?? 0
    if (node.tag) return this.#tagged(node.tag, text, offset)
    return node.type === "PLAIN" ? this.#plain(text, offset) : this.#block(node, text)
  }

  #tagged(tag: string, text: string, offset: number): Json {
    if (tag === "tag:yaml.org,2002:str") return text
    if (tag === "!") return text === "" ? null : text
    if (!tag.startsWith("tag:yaml.org,2002:")) throw new Refused("yaml-syntax", `the tag ${tag} isn't known`, offset)
    return this.#plain(text, offset)
  }

  #plain(text: string, offset: number): Json {
    try {
      return plainScalar(text)
    } catch {
      throw new Refused("yaml-syntax", `"${text.slice(0, 60)}" is no value in YAML 1.1: put it in quotes`, offset)
    }
  }

  /** PyYAML ends a block at the end of a file without a final newline, so it adds none. */
  #block(node: YamlNode & { type?: string }, text: string): string {
    const block = node.type === "BLOCK_LITERAL" || node.type === "BLOCK_FOLDED"
    const last = (node.range?.[1] ?? 0) >= this.#text.length && !this.#text.endsWith("\n")
    return block && last ? text.replace(/\n$/, "") : text
  }
}

interface Expanded {
  readonly values: number
  readonly height: number
}

/** How many values the document has once its aliases are followed, and how deep; none is followed twice. */
function expandedSize(node: Node, known: Map<Node, Expanded>, depth = 0): Expanded {
  const before = known.get(node)
  if (before !== undefined) return before
  if (depth > depthMax) throw new Refused("yaml-too-large", tooDeep, 0)
  const children =
    node.kind === "list" ? node.items : node.kind === "map" ? [...node.entries.values()].map(({ value }) => value) : []
  let [values, height] = [1, 0]
  for (const child of children) {
    const below = expandedSize(child, known, depth + 1)
    values += below.values
    height = Math.max(height, below.height + 1)
  }
  if (height > depthMax) throw new Refused("yaml-too-large", tooDeep, 0)
  known.set(node, { values, height })
  return { values, height }
}
