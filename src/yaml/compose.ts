import { Refused, type Place } from "./text-cursor.ts"
import { depthMax, tooDeep, tooWide, valuesMax, type Node } from "./node.ts"
import { jsonKey } from "./scalar.ts"
import type { Token, TokenKind } from "./scan.ts"
import { nothing, refuseTag, scalarNode } from "./tag.ts"

type MapNode = Extract<Node, { kind: "map" }>
export type OnTwice = (key: string, at: Place) => void

/** The one document of these tokens. @throws Refused where PyYAML would not give a value, or none that JSON carries */
export function compose(tokens: readonly Token[], onTwice: OnTwice): Node {
  return new Composer(tokens, onTwice).document()
}

interface Properties {
  readonly anchor: string | null
  readonly tag: string | null
  readonly at: Place
}
interface PairNodes {
  readonly key: Node | Merge
  readonly value: Node
}
interface Merge {
  readonly kind: "merge"
  readonly at: Place
}
/** Equal keys of Python (1 = 1.0 = true) have one identity; the first one's name stays. */
interface Member {
  readonly name: string
  readonly at: Place
  readonly value: Node
}

class Composer {
  readonly #tokens: readonly Token[]
  readonly #onTwice: OnTwice
  #next = 0
  /** Null while the node is still being read. */
  readonly #anchors = new Map<string, Node | null>()
  readonly #members = new WeakMap<Node, ReadonlyMap<string, Member>>()
  /** Nodes made and members merged. */
  #values = 0

  constructor(tokens: readonly Token[], onTwice: OnTwice) {
    this.#tokens = tokens
    this.#onTwice = onTwice
  }

  document(): Node {
    const start = this.#peek()
    if (start.kind === "end") return nothing(start.at)
    const announced = this.#is("directive", "---")
    if (announced) {
      this.#directives()
      this.#expect("---", "`---` must follow the directives")
    }
    const empty = announced && this.#is("directive", "---", "...", "end")
    const root = empty ? nothing(start.at) : this.#node("block", 0)
    while (this.#is("...")) this.#take()
    if (this.#is("end")) return root
    const more = this.#is("directive", "---")
    throw new Refused(
      more ? "a second document (---) begins here; only one is allowed" : strange(this.#peek()),
      this.#peek().at,
    )
  }

  #directives(): void {
    const seen = new Set<string>()
    while (this.#is("directive")) {
      const { text, at } = this.#take()
      const name = /^%[\w-]+/.exec(text)?.[0] ?? ""
      if (name === "%TAG" || (name === "%YAML" && (seen.has(name) || !/^%YAML +0*1\./.test(text))))
        throw new Refused(`${name} can't stand here`, at)
      seen.add(name)
    }
  }

  /** `mapped`: behind a key, where a list may stand as far left as the key. */
  #node(where: "block" | "mapped" | "flow", depth: number): Node {
    const token = this.#peek()
    if (depth > depthMax) throw new Refused(tooDeep, token.at, "yaml-too-large")
    this.#count(1, token.at)
    if (token.kind === "alias") return this.#alias(this.#take())
    const properties = this.#properties()
    const { anchor, at } = properties
    if (anchor === null) return this.#content(where, properties, depth)
    if (this.#anchors.has(anchor)) throw new Refused(`the anchor "${anchor.slice(0, 60)}" is defined twice`, at)
    this.#anchors.set(anchor, null)
    const read = this.#content(where, properties, depth)
    this.#anchors.set(anchor, read)
    return read
  }

  #alias({ text, at }: Token): Node {
    const target = this.#anchors.get(text)
    if (target) return target
    throw new Refused(
      `the anchor "${text.slice(0, 60)}" ${target === null ? "stands inside of itself" : "isn't defined before"}`,
      at,
    )
  }

  #properties(): Properties {
    const { at } = this.#peek()
    const first = this.#takeIf("anchor", "tag")
    const second = first && this.#takeIf(first.kind === "anchor" ? "tag" : "anchor")
    const of = (kind: TokenKind): string | null => [first, second].find((token) => token?.kind === kind)?.text ?? null
    return { anchor: of("anchor"), tag: of("tag"), at }
  }

  #content(where: "block" | "mapped" | "flow", properties: Properties, depth: number): Node {
    const { kind } = this.#peek()
    if (kind === "plain" || kind === "quoted") return scalarNode(this.#take(), properties)
    if (kind === "[") return this.#list(properties, () => this.#flowItems(depth + 1))
    if (kind === "{") return this.#map(properties, () => this.#flowPairs(depth + 1))
    if (kind === "-" && where === "mapped") return this.#list(properties, () => this.#looseItems(depth + 1))
    return this.#block(where, properties, depth) ?? this.#empty(properties)
  }

  #block(where: "block" | "mapped" | "flow", properties: Properties, depth: number): Node | null {
    const { kind } = this.#peek()
    if (where === "flow") return null
    if (kind === "block-list") return this.#list(properties, () => this.#blockItems(depth + 1))
    return kind === "block-map" ? this.#map(properties, () => this.#blockPairs(depth + 1)) : null
  }

  /** An anchor or a tag alone names a value that isn't written. */
  #empty(properties: Properties): Node {
    const empty = { kind: "plain", text: "", at: properties.at } as const
    if (properties.anchor !== null || properties.tag !== null) return scalarNode(empty, properties)
    throw new Refused(strange(this.#peek()), this.#peek().at)
  }

  #list({ tag, at }: Properties, items: () => readonly Node[]): Node {
    refuseTag(tag, ["!!seq", "!"], "a list", at)
    const place = tag === null ? this.#peek().at : at
    return { kind: "list", items: items(), at: place }
  }

  #blockItems(depth: number): readonly Node[] {
    this.#take()
    const items = []
    for (let dash = this.#takeIf("-"); dash; dash = this.#takeIf("-"))
      items.push(this.#is("-", "block-end") ? nothing(dash.at) : this.#node("block", depth))
    this.#expect("block-end", "an item of this list must begin with a dash right below the others")
    return items
  }

  #looseItems(depth: number): readonly Node[] {
    const items = []
    for (let dash = this.#takeIf("-"); dash; dash = this.#takeIf("-"))
      items.push(this.#is("-", "key", "value", "block-end") ? nothing(dash.at) : this.#node("block", depth))
    return items
  }

  #flowItems(depth: number): readonly Node[] {
    this.#take()
    const items: Node[] = []
    while (!this.#is("]")) {
      if (items.length > 0) this.#expect(",", "a comma or ] is missing before this")
      if (this.#is("]")) break
      items.push(this.#is("key") ? this.#onlyPair(depth) : this.#node("flow", depth))
    }
    this.#take()
    return items
  }

  /** `[a: b]` is a list of one mapping. */
  #onlyPair(depth: number): Node {
    const { at } = this.#peek()
    const pair = this.#flowPair("]", depth + 1)
    return this.#made([pair], at)
  }

  #map({ tag, at }: Properties, pairs: () => readonly PairNodes[]): Node {
    refuseTag(tag, ["!!map", "!"], "a mapping", at)
    const place = tag === null ? this.#peek().at : at
    return this.#made(pairs(), place)
  }

  #blockPairs(depth: number): readonly PairNodes[] {
    this.#take()
    const pairs = []
    for (;;) {
      // A value without a key has nothing before its colon; only behind another pair, as PyYAML has it.
      const start = this.#takeIf("key")
      if (!start) break
      const key = this.#is("key", "value", "block-end") ? nothing(start.at) : this.#key("mapped", depth)
      const colon = this.#takeIf("value")
      const empty = !colon || this.#is("key", "value", "block-end")
      pairs.push({ key, value: empty ? nothing(colon?.at ?? this.#peek().at) : this.#node("mapped", depth) })
    }
    this.#expect("block-end", "a key must stand right below the others, and only one value behind each")
    return pairs
  }

  #flowPairs(depth: number): readonly PairNodes[] {
    this.#take()
    const pairs: PairNodes[] = []
    while (!this.#is("}")) {
      if (pairs.length > 0) this.#expect(",", "a comma or } is missing before this")
      if (this.#is("}")) break
      if (this.#is("key")) pairs.push(this.#flowPair("}", depth))
      else pairs.push({ key: this.#key("flow", depth), value: nothing(this.#peek().at) })
    }
    this.#take()
    return pairs
  }

  #flowPair(close: "]" | "}", depth: number): PairNodes {
    const start = this.#take()
    const key = this.#is("value", ",", close) ? nothing(start.at) : this.#key("flow", depth)
    const colon = this.#takeIf("value")
    const empty = !colon || this.#is(",", close)
    return { key, value: empty ? nothing(colon?.at ?? this.#peek().at) : this.#node("flow", depth) }
  }

  /** A plain `<<` merges, and a plain `=` is a text, in keys only. */
  #key(where: "mapped" | "flow", depth: number): Node | Merge {
    const { kind, text } = this.#peek()
    if (kind === "plain" && text === "<<") return { kind: "merge", at: this.#take().at }
    if (kind === "plain" && text === "=") return { kind: "scalar", type: "text", value: "=", at: this.#take().at }
    return this.#node(where, depth)
  }

  /** Merged members first, so own ones win; of several merges the last, of several mappings in one the first. */
  #made(pairs: readonly PairNodes[], at: Place): MapNode {
    const members = new Map<string, Member>()
    const add = (id: string, member: Member): void => {
      members.set(id, { ...member, name: members.get(id)?.name ?? member.name })
    }
    for (const { key, value } of pairs)
      if (key.kind === "merge") for (const [id, member] of this.#merged(key, value)) add(id, member)
    const own = new Set<string>()
    for (const { key, value } of pairs) {
      if (key.kind === "merge") continue
      const { id, name } = jsonKey(key)
      if (own.has(id)) this.#onTwice(name, key.at)
      own.add(id)
      add(id, { name, at: key.at, value })
    }
    const entries = new Map([...members].map(([id, { name, ...entry }]) => [name, { ...entry, text: isText(id) }]))
    const node: MapNode = { kind: "map", entries, at }
    this.#members.set(node, members)
    return node
  }

  #merged({ at }: Merge, value: Node): readonly (readonly [string, Member])[] {
    const maps = value.kind === "list" ? value.items.toReversed() : [value]
    return maps.flatMap((map) => {
      const members = this.#members.get(map)
      if (!members) throw new Refused("only mappings can be merged with <<", at)
      this.#count(1 + members.size, at)
      return [...members]
    })
  }

  #count(values: number, at: Place): void {
    this.#values += values
    if (this.#values > valuesMax) throw new Refused(tooWide, at, "yaml-too-large")
  }

  // ---- tokens ----

  #peek(): Token {
    return this.#tokens[this.#next] as Token
  }

  #is(...kinds: readonly TokenKind[]): boolean {
    return kinds.includes(this.#peek().kind)
  }

  #take(): Token {
    const token = this.#peek()
    if (token.kind !== "end") this.#next += 1
    return token
  }

  #takeIf(...kinds: readonly TokenKind[]): Token | null {
    return this.#is(...kinds) ? this.#take() : null
  }

  #expect(kind: TokenKind, otherwise: string): void {
    if (!this.#takeIf(kind)) throw new Refused(otherwise, this.#peek().at)
  }
}

/** Whether a key's identity is that of a text. */
function isText(id: string): boolean {
  return id.startsWith("text ")
}

function strange({ kind }: Token): string {
  if (kind === "plain" || kind === "quoted")
    return "this text belongs to nothing: the value above it has ended, and no key is in front of it"
  const what = kind.startsWith("block-") ? "another indentation" : kind === "end" ? "the end of the file" : `"${kind}"`
  return `a value is expected here, not ${what}`
}
