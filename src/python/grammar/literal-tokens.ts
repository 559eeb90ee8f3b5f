import type { Expression, Place } from "./syntax.ts"
import { Cursor } from "./token-cursor.ts"
import { decodeLiteral, malformedEscape } from "./escapes.ts"

const digitsMax = 200
/** Python's own bound on the digits of a decimal number in source. */
const decimalDigitsMax = 4300

/** Numbers and texts. */
export abstract class Literals extends Cursor {
  /** What may stand in a replacement field: expressions with commas, or a `yield`. */
  protected abstract anyExpression(): Expression

  protected number(): Expression {
    const at = this.at
    const text = this.text.replaceAll("_", "").toLowerCase()
    this.next()
    if (/^0[xob]/u.test(text) || /^\d+$/u.test(text)) return this.#integer(text, at)
    if (text.endsWith("j")) return { kind: "opaque", what: "a complex number", at }
    return { kind: "float", value: Number(text), at }
  }

  #integer(text: string, at: Place): Expression {
    if (text.length <= digitsMax) return { kind: "int", value: BigInt(text), at }
    if (text.length > decimalDigitsMax && /^\d+$/u.test(text)) {
      this.fail(`exceeds the limit (${decimalDigitsMax} digits) for integers`, at)
    }
    return { kind: "opaque", what: "a very long number", at }
  }

  /** One text, or several that stand beside each other and make one. */
  protected strings(): Expression {
    const at = this.at
    const parts = [this.#string()]
    while (this.kind === "string" || this.kind === "fstring-start") parts.push(this.#string())
    const [first] = parts
    return parts.length === 1 && first !== undefined ? first.value : this.#concatenate(parts, at)
  }

  #concatenate(parts: readonly { bytes: boolean; value: Expression }[], at: Place): Expression {
    if (parts.some(({ bytes }) => bytes !== parts[0]?.bytes)) this.fail("cannot mix bytes and nonbytes literals", at)
    const values = parts.map(({ value }) => value)
    const unreadable = values.find((value) => value.kind === "opaque")
    if (unreadable !== undefined) return unreadable
    const joined = values.flatMap((value) => (value.kind === "joined" ? value.parts : [value]))
    const texts = values.flatMap((value) => (value.kind === "string" || value.kind === "bytes" ? [value.value] : []))
    if (texts.length < values.length) return { kind: "joined", parts: joined, at }
    return { kind: parts[0]?.bytes === true ? "bytes" : "string", value: texts.join(""), at }
  }

  #string(): { bytes: boolean; value: Expression } {
    if (this.kind === "fstring-start") return { bytes: false, value: this.#joined() }
    const at = this.at
    const text = this.text
    const prefix = /^[a-z]*/iu.exec(text)?.[0].toLowerCase() ?? ""
    const quote = /^[a-z]*("""|'''|.)/iu.exec(text)?.[1]?.length ?? 1
    const body = text.slice(prefix.length + quote, text.length - quote)
    this.next()
    const style = { raw: prefix.includes("r"), bytes: prefix.includes("b") }
    // oxlint-disable-next-line no-control-regex -- all of ASCII is meant
    if (style.bytes && !/^[\u0000-\u007F]*$/u.test(body))
      this.fail("bytes can only contain ASCII literal characters", at)
    return { bytes: style.bytes, value: this.#decode(body, style, at) }
  }

  #decode(body: string, style: { raw: boolean; bytes: boolean }, at: Place): Expression {
    const malformed = malformedEscape(body, style)
    if (malformed !== null) this.fail(`can't decode the escape ${malformed}`, at)
    const value = decodeLiteral(body, style)
    if (value === null) return { kind: "opaque", what: "a text with an escape that has no plain form", at }
    return { kind: style.bytes ? "bytes" : "string", value, at }
  }

  #joined(): Expression {
    const at = this.at
    const prefix = this.text.toLowerCase()
    const parts: Expression[] = []
    this.next()
    while (!this.skip("fstring-end")) parts.push(this.kind === "{" ? this.#field() : this.#middle(prefix.includes("r")))
    return /^[a-z]*t/u.test(prefix) ? { kind: "opaque", what: "a template string", at } : { kind: "joined", parts, at }
  }

  #middle(raw: boolean): Expression {
    const at = this.at
    if (this.kind !== "fstring-middle") this.fail("f-string: expecting '}'")
    const body = this.text.replaceAll("{{", "{").replaceAll("}}", "}")
    this.next()
    return this.#decode(body, { raw, bytes: false }, at)
  }

  /** `{value}`, `{value!r:>10}`; `{value=}` and a format with a value in it change the text in ways that aren't followed. */
  #field(): Expression {
    const at = this.at
    this.expect("{")
    if (["}", "!", ":", "="].includes(this.kind)) this.fail("f-string: valid expression required")
    const value = this.anyExpression()
    const shown = this.skip("=")
    const conversion = this.skip("!") ? this.#conversion() : ""
    const spec = this.skip(":") ? this.#format() : ""
    if (!this.skip("}")) this.fail("f-string: expecting '}'")
    if (shown || spec === null) return { kind: "opaque", what: "a formatted value", at }
    return conversion === "" && spec === "" ? value : { kind: "formatted", value, conversion, spec, at }
  }

  #conversion(): string {
    const name = this.identifier()
    if (!["s", "r", "a"].includes(name)) this.fail("f-string: invalid conversion character")
    return name
  }

  /** The format, or null when it is more than plain text. */
  #format(): string | null {
    let plain: string | null = ""
    while (this.kind !== "}") {
      if (this.kind === "{") {
        this.#field()
        plain = null
        continue
      }
      if (this.kind !== "fstring-middle") this.fail("f-string: expecting '}'")
      plain = plain === null || /[\\\n]/u.test(this.text) ? null : plain + this.text
      this.next()
    }
    return plain
  }
}
