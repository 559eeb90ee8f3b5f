import type { Argument, ClassSyntax, Expression, FunctionSyntax, Place, Statement, Step } from "./syntax.ts"
import { CompoundStatements, toStatement } from "./compound.ts"
import { kept } from "./depth-limit.ts"
import type { Context } from "./operators.ts"
import type { Line } from "./simple.ts"

const stepsMax = 200

/** Functions and classes, with their decorators (Compound statements). */
export abstract class Definitions extends CompoundStatements {
  protected definition(): Statement {
    const decorators: Expression[] = []
    while (this.skip("@")) {
      decorators.push(kept(this.namedExpression()))
      this.expect("newline")
    }
    // What is decorated stands where its own keyword does.
    const at = this.at
    if (this.kind === "class") return this.#class(decorators, at)
    const async = this.skip("async")
    return this.#function(decorators, { at, async })
  }

  #function(decorators: readonly Expression[], { at, async }: { at: Place; async: boolean }): FunctionSyntax {
    this.expect("def")
    const name = this.binding()
    const generic = this.typeParameters()
    const parameters = this.parameters().map((parameter) => ({
      ...parameter,
      annotation: parameter.annotation && kept(parameter.annotation),
      default: parameter.default && kept(parameter.default),
    }))
    const returns = this.skip("->") ? kept(this.annotation()) : null
    const names = parameters.map((parameter) => parameter.name)
    const body = this.scopes.within("function", names, () => this.#functionBody(async))
    const docstring = docstringOf(body)
    const result = async ? null : resultOf(docstring === null ? body : body.slice(1))
    const steps = async || name !== "__init__" ? null : stepsOf(body)
    return { kind: "function", name, decorators, parameters, returns, generic, docstring, result, steps, at }
  }

  #class(decorators: readonly Expression[], at: Place): ClassSyntax {
    const start = this.position
    this.expect("class")
    const name = this.binding()
    const generic = this.typeParameters()
    const bases = this.kind === "(" ? this.arguments().map(keptArgument) : []
    const generator = bases.find(({ value }) => value.kind === "comprehension" && value.of === "generator")
    if (generator !== undefined) this.fail("a generator can't be a base", generator.value.at)
    const lines = this.scopes.within("class", [], () => this.#body({ body: "class", loop: false }))
    const body = lines.flatMap(toStatement)
    const docstring = docstringOf(lines)
    return { kind: "class", name, decorators, bases, generic, docstring, body, text: this.sourceSince(start), at }
  }

  #functionBody(async: boolean): Line[] {
    const lines = this.#body({ body: async ? "async function" : "function", loop: false })
    const { yields, returns } = this.scopes.current
    if (async && yields && returns !== null) this.fail("'return' with value in async generator", returns)
    return lines
  }

  /** A body in a scope of its own: what `:=` binds there isn't bound outside. */
  #body(context: Context): Line[] {
    const before = this.assigned.length
    const lines = this.within(context, () => this.block())
    this.assigned.length = before
    return lines
  }
}

function keptArgument(argument: Argument): Argument {
  return { ...argument, value: kept(argument.value) }
}

function docstringOf(lines: readonly Line[]): string | null {
  const [first] = lines
  return first?.kind === "bare" && first.value.kind === "string" ? first.value.value : null
}

/** The expression of a body that is one `return`; null for any other. */
function resultOf(lines: readonly Line[]): Expression | null {
  const [only, ...more] = lines
  return only?.kind === "return" && more.length === 0 ? kept(only.value) : null
}

/** A body as the steps of a constructor, or null when it has anything else. */
function stepsOf(lines: readonly Line[]): readonly Step[] | null {
  const steps: Step[] = []
  for (const line of lines) {
    if (line.kind === "pass" || doesNothing(line)) continue
    const step = line.kind === "step" ? keptStep(line.step) : null
    if (step === null) return null
    steps.push(step)
  }
  return steps.length > stepsMax ? null : steps
}

function doesNothing(line: Line): boolean {
  return line.kind === "bare" && (line.value.kind === "string" || line.value.kind === "constant")
}

function keptStep(step: Step): Step | null {
  if (step.kind === "set") return { ...step, value: kept(step.value) }
  return kept(step.call) === step.call ? step : null
}
