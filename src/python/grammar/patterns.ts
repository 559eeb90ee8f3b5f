import { SimpleStatements } from "./simple.ts"

/** What a pattern binds, and in words why nothing behind it is ever tried; null where something may be. */
interface Pattern {
  readonly names: readonly string[]
  readonly always: string | null
}

const plain: Pattern = { names: [], always: null }

/** The patterns of `match` (Compound statements, "Patterns"). Nothing of them is kept. */
export abstract class Patterns extends SimpleStatements {
  /** What stands between `case` and `if` or the colon: in words why no case may follow it, or null. */
  protected patterns(): string | null {
    const star = this.kind === "*"
    const first = this.#starOrPattern()
    if (this.kindAfter(0) !== ",") {
      if (star) this.fail("a starred pattern needs a sequence around it")
      return this.#checked(first).always
    }
    const parts = [first]
    let stars = star ? 1 : 0
    while (this.skip(",") && this.kind !== ":" && this.kind !== "if") {
      if (this.kind === "*") stars += 1
      parts.push(this.#starOrPattern())
    }
    if (stars > 1) this.fail("multiple starred expressions in sequence pattern")
    this.#checked(this.#together(parts))
    return null
  }

  #starOrPattern(): Pattern {
    return this.skip("*") ? { names: this.#captured(), always: null } : this.#pattern()
  }

  #pattern(): Pattern {
    const first = this.#closed()
    const found = this.kind === "|" ? this.#alternatives(first) : first
    if (!this.skip("as")) return found
    if (this.kind === "name" && this.text === "_") this.fail("cannot use '_' as a target")
    const names = [...found.names, this.binding()]
    if (this.kind === "." || this.kind === "(") this.fail("invalid pattern target")
    return { names, always: found.always }
  }

  #alternatives(first: Pattern): Pattern {
    const wanted = new Set(first.names)
    let last = first
    while (this.skip("|")) {
      if (last.always !== null) this.fail(`${last.always} makes remaining patterns unreachable`)
      last = this.#checked(this.#closed())
      if (wanted.size !== last.names.length || !last.names.every((name) => wanted.has(name)))
        this.fail("alternative patterns bind different names")
    }
    return { names: first.names, always: last.always }
  }

  /** The names of `_` and of a capture. */
  #captured(): string[] {
    this.checkName()
    const name = this.identifier()
    if (name === "_") return []
    this.scopes.binds(name)
    return [name]
  }

  #together(parts: readonly Pattern[]): Pattern {
    return { names: parts.flatMap(({ names }) => names), always: null }
  }

  #checked(found: Pattern): Pattern {
    const twice = found.names.find((name, index) => found.names.indexOf(name) !== index)
    if (twice !== undefined) this.fail(`multiple assignments to name '${twice}' in pattern`)
    return found
  }

  #closed(): Pattern {
    switch (this.kind) {
      case "string":
        return this.#text()
      case "fstring-start":
        return this.fail("patterns may only match literals and attribute lookups")
      case "None":
      case "True":
      case "False":
        this.next()
        return plain
      case "number":
      case "-":
        return this.#number()
      case "name":
        return this.#name()
      case "(":
        return this.#sequence("(", ")")
      case "[":
        return this.#sequence("[", "]")
      case "{":
        return this.#mapping()
      default:
        return this.fail()
    }
  }

  #text(): Pattern {
    const { kind } = this.strings()
    if (kind === "joined") this.fail("patterns may only match literals and attribute lookups")
    return plain
  }

  /** A number, also negative or complex. */
  #number(): Pattern {
    this.skip("-")
    if (this.kindAfter(0) !== "number") this.fail()
    const real = !/j$/iu.test(this.text)
    this.number()
    if (!this.skip("+") && !this.skip("-")) return plain
    if (!real) this.fail("real number required in complex literal")
    if (!/j$/iu.test(this.text)) this.fail("imaginary number required in complex literal")
    this.number()
    return plain
  }

  /** A capture, a dotted value, or a class with the patterns of its attributes. */
  #name(): Pattern {
    const next = this.kindAfter(1)
    if (next !== "." && next !== "(") {
      const names = this.#captured()
      return { names, always: names.length === 0 ? "wildcard" : `name capture '${names[0]}'` }
    }
    this.scopes.names(this.identifier())
    while (this.skip(".")) this.identifier()
    return this.kind === "(" ? this.#class() : plain
  }

  #class(): Pattern {
    const keywords = new Set<string>()
    const parts: Pattern[] = []
    this.expect("(")
    while (this.kind !== ")") {
      const keyword = this.kind === "name" && this.kindAfter(1) === "="
      if (keywords.size > 0 && !keyword) this.fail("positional patterns follow keyword patterns")
      if (keyword) {
        this.checkName()
        const name = this.identifier()
        if (keywords.has(name)) this.fail(`attribute name repeated in class pattern: ${name}`)
        keywords.add(name)
        this.expect("=")
      }
      parts.push(this.#pattern())
      if (!this.skip(",")) break
    }
    this.expect(")")
    return this.#together(parts)
  }

  #sequence(open: "(" | "[", close: ")" | "]"): Pattern {
    this.expect(open)
    const parts: Pattern[] = []
    let [stars, comma] = [0, false]
    while (this.kind !== close) {
      if (this.kind === "*") stars += 1
      parts.push(this.#starOrPattern())
      if (!this.skip(",")) break
      comma = true
    }
    if (stars > 1) this.fail("multiple starred expressions in sequence pattern")
    this.expect(close)
    const [only] = parts
    if (open === "(" && only !== undefined && !comma) {
      if (stars > 0) this.fail("a starred pattern needs a sequence around it")
      return only
    }
    return this.#together(parts)
  }

  #mapping(): Pattern {
    const parts: Pattern[] = []
    const keys = new Set<string>()
    let rest = false
    this.expect("{")
    while (this.kind !== "}") {
      if (rest) this.fail("double star pattern must be the last in a mapping pattern")
      rest = this.skip("**")
      if (rest) {
        if (this.text === "_") this.fail("a rest of a mapping needs a name")
        parts.push({ names: this.#captured(), always: null })
      } else parts.push(this.#member(keys))
      if (!this.skip(",")) break
    }
    this.expect("}")
    return this.#together(parts)
  }

  #member(keys: Set<string>): Pattern {
    const { kind, position } = this
    if (kind === "(" || kind === "[" || kind === "{" || (kind === "name" && this.kindAfter(1) !== "."))
      this.fail("mapping pattern keys may only match literals and attribute lookups")
    this.#closed()
    const key = kind === "number" ? String(Number(this.sourceSince(position))) : this.sourceSince(position)
    if (kind !== "name" && keys.has(key)) this.fail(`mapping pattern checks duplicate key (${key.slice(0, 60)})`)
    keys.add(key)
    this.expect(":")
    return this.#pattern()
  }
}
