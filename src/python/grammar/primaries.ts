import type { Argument, Expression, Place } from "./syntax.ts"
import { Displays, itemsMax } from "./displays.ts"

/** Methods that change a list, set or dictionary in place. */
const mutators: ReadonlySet<string> = new Set(
  (
    "append extend insert update add pop popitem remove clear setdefault sort reverse discard __setitem__ __delitem__ " +
    "__iadd__ __ior__ __iand__ __ixor__ __isub__ __imul__"
  ).split(" "),
)

interface Start {
  readonly start: Place
  readonly before: Primaries["before"]
}

/** Atoms with what follows them: `.name`, `(arguments)`, `[items]`. */
export abstract class Primaries extends Displays {
  /** Names whose value something in the file may change in place, wherever it stands. */
  protected readonly mutated = new Set<string>()

  protected primary(): Expression {
    const at = this.at
    let value = this.atom()
    for (;;) {
      if (this.skip(".")) value = this.#attribute(value, at)
      else if (this.kind === "(") value = this.#call(value, at)
      else if (this.kind === "[") value = { kind: "subscript", object: value, items: this.#items(), at }
      else return value
    }
  }

  #call(callee: Expression, at: Place): Expression {
    const args = this.arguments()
    // `list.append(x, 1)` is `x.append(1)`.
    if (isMutatingFunction(callee)) args.forEach(({ value }) => this.mutates(value))
    return { kind: "call", callee, args, at }
  }

  /** The arguments of a call or the bases of a class, with their parentheses. */
  protected arguments(): Argument[] {
    const { at, strayAwait } = this
    const args: Argument[] = []
    const rules = new ArgumentOrder()
    this.expect("(")
    while (this.kind !== ")") {
      const { at: start, before } = this
      const argument = this.#argument()
      const refusal = rules.refusal(argument)
      if (refusal !== null) this.fail(refusal, start)
      if (args.length <= itemsMax) args.push(argument)
      if (this.startsComprehension()) {
        const generator = this.#generator(args, { start, before })
        this.strayAwait = strayAwait
        return generator
      }
      if (!this.skip(",")) break
    }
    this.expect(")")
    if (args.length <= itemsMax) return args
    return [{ name: null, star: "*", value: { kind: "opaque", what: "a very long call", at } }]
  }

  /** Notes that what `changed` stands for is changed in place. */
  protected mutates(changed: Expression): void {
    let part = changed
    while (part.kind === "subscript") part = part.object
    if (part.kind === "name" || part.kind === "attribute") this.mutated.add(part.name)
  }

  #attribute(object: Expression, at: Place): Expression {
    const name = this.identifier()
    if (mutators.has(name)) this.mutates(object)
    return { kind: "attribute", object, name, at }
  }

  #argument(): Argument {
    if (this.skip("*")) return { name: null, star: "*", value: this.expression() }
    if (this.skip("**")) return { name: null, star: "**", value: this.expression() }
    if (this.kind !== "name" || this.kindAfter(1) !== "=")
      return { name: null, star: "", value: this.namedExpression() }
    this.checkName()
    const name = this.identifier()
    this.expect("=")
    return { name, star: "", value: this.expression() }
  }

  /** `f(x for x in y)`: the only argument, without a comma. */
  #generator(args: readonly Argument[], { start: at, before }: Start): Argument[] {
    const [only] = args
    if (args.length !== 1 || only?.name !== null || only.star !== "") {
      this.fail("Generator expression must be parenthesized", at)
    }
    const value = this.comprehension({ of: "generator", key: null, element: only.value }, at, before)
    if (this.kind === ",") this.fail("Generator expression must be parenthesized", at)
    this.expect(")")
    return [{ name: null, star: "", value }]
  }

  /** `X[(a, b)]` is `X[a, b]`; but `X[()]` keeps its empty tuple. */
  #items(): Expression[] {
    this.expect("[")
    const items = [this.#item()]
    let comma = false
    while (this.skip(",")) {
      comma = true
      if (this.kind === "]") break
      const item = this.#item()
      if (items.length <= itemsMax) items.push(item)
    }
    this.expect("]")
    const [only] = items
    return !comma && only?.kind === "tuple" && only.items.length > 0 ? [...only.items] : items
  }

  #item(): Expression {
    const at = this.at
    if (this.kind === "*") return this.starred()
    const value = this.kind === ":" ? null : this.namedExpression()
    if (value !== null && this.kind !== ":") return value
    for (let colons = 0; colons < 2 && this.skip(":"); colons += 1) {
      if (this.startsExpression() && this.kind !== "*") this.expression()
    }
    return { kind: "opaque", what: "a slice", at }
  }
}

function isMutatingFunction(callee: Expression): boolean {
  if (callee.kind !== "attribute" || callee.object.kind !== "name") return false
  return mutators.has(callee.name) && ["list", "dict", "set"].includes(callee.object.name)
}

/** What may follow what in a call (Expressions, "Calls"). */
class ArgumentOrder {
  readonly #names = new Set<string>()
  #unpacked = false

  refusal({ name, star }: Argument): string | null {
    if (name !== null) {
      if (this.#names.has(name)) return `keyword argument repeated: ${name}`
      this.#names.add(name)
      return null
    }
    if (star === "**") {
      this.#unpacked = true
      return null
    }
    if (this.#unpacked) {
      return `${star === "*" ? "iterable argument unpacking" : "positional argument"} follows keyword argument unpacking`
    }
    return star === "" && this.#names.size > 0 ? "positional argument follows keyword argument" : null
  }
}
