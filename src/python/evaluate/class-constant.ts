import { setsItself } from "../names/effects.ts"
import type { Tools } from "../names/names.ts"
import type { Scope } from "../names/scope.ts"
import { locate, Undecided } from "../names/session.ts"
import type { Expression, Of } from "../grammar/syntax.ts"
import { type Environment, inClass, isMutable, type Value } from "../names/python-value.ts"

/** `Settings.RETRIES`: a plain assignment in the body of a class without bases, decorators or metaclass. */
export function classConstant(
  { session, evaluate }: Tools,
  owner: Extract<Value, { kind: "class" }>,
  use: { expression: Of<"attribute">; environment: Environment },
): Value {
  const { expression, environment } = use
  const { syntax, scope } = owner.class
  const at = locate(scope, syntax.at)
  const values = syntax.body.flatMap((statement) =>
    statement.kind === "assign" && statement.names.includes(expression.name)
      ? [statement.value]
      : statement.kind === "annotated" && statement.name === expression.name && statement.value !== null
        ? [statement.value]
        : [],
  )
  const value = values[0]
  const unusual =
    syntax.bases.length > 0 ||
    syntax.decorators.length > 0 ||
    values.length > 1 ||
    syntax.body.some((statement) => ["block", "binds", "passes"].includes(statement.kind))
  if (value === undefined || unusual) {
    throw new Undecided(`\`${syntax.name}.${expression.name}\` isn't a plain constant of that class`, at)
  }
  const key = `${scope.path}:${owner.class.order}.${expression.name}`
  const constant = session.within(at, key, () => evaluate(session, value, inClass(owner.class)))
  const names = [syntax.name, ...lastNameOf(expression.object)]
  const mayChange = isMutable(constant)
    ? [scope, environment.scope].some((each) => mayChangePart(each, [...names, expression.name]))
    : [scope, environment.scope].some(({ syntax: { mutated } }) => names.some((name) => mutated.has(name)))
  if (mayChange || setsItself(syntax)) {
    throw new Undecided(`\`${syntax.name}.${expression.name}\` may be changed by other code of its file`, at)
  }
  return constant
}

function lastNameOf(expression: Expression): readonly string[] {
  return expression.kind === "name" || expression.kind === "attribute" ? [expression.name] : []
}

function mayChangePart({ syntax, passes }: Scope, names: readonly string[]): boolean {
  return names.some((name) => syntax.mutated.has(name) || passes.has(name))
}
