import type { Location } from "../../core/model.ts"
import { constructorCalls, letsItselfOut } from "../names/effects.ts"
import type { Tools } from "../names/names.ts"
import { locate, Undecided } from "../names/session.ts"
import type { Expression, FunctionSyntax, Statement } from "../grammar/syntax.ts"
import { outsidePath } from "../names/outside.ts"
import { type Ancestor, boundInClass, type ClassFact, inHead } from "../names/python-value.ts"

const ancestorsMax = 20

/**
 * A class and those that it is based on, each on one other at most. @throws `Undecided` when one of them does anything
 * that could come between an attribute and its value.
 */
export function lineageOf(tools: Tools, fact: ClassFact): readonly Ancestor[] {
  const lineage: Ancestor[] = []
  for (let next: ClassFact | null = fact; next !== null; next = baseOf(tools, next)) {
    const at = locate(next.scope, next.syntax.at)
    if (lineage.length >= ancestorsMax) throw new Undecided(`\`${fact.syntax.name}\` has too many base classes`, at)
    lineage.push({ fact: next, dataclass: isDataclass(tools, next) })
    refuseTricks(tools, next)
  }
  return lineage
}

function baseOf(tools: Tools, fact: ClassFact): ClassFact | null {
  const { bases, name, at } = fact.syntax
  const [base, ...more] = bases
  if (base === undefined) return null
  const odd = base.name !== null || base.star !== "" || more.length > 0
  const value = odd ? null : tools.evaluate(tools.session, base.value, inHead(fact))
  if (value?.kind === "class") return value.class
  if (value?.kind === "outside" && ["builtins.object", "abc.ABC"].includes(value.path)) return null
  throw new Undecided(`what \`${name}\` is based on isn't followed`, locate(fact.scope, at))
}

function isDataclass(tools: Tools, fact: ClassFact): boolean {
  const [only, ...more] = fact.syntax.decorators
  if (only === undefined) return false
  const value = tools.evaluate(tools.session, only, inHead(fact))
  const path = outsidePath(value)
  const quiet =
    value.kind !== "call" || value.args.every(({ name, star }) => star === "" && quietOptions.has(name ?? ""))
  if (path === "dataclasses.dataclass" && quiet && more.length === 0) return true
  throw new Undecided(`the decorator of \`${fact.syntax.name}\` isn't followed`, locate(fact.scope, only.at))
}

const quietOptions = new Set(["frozen", "eq", "order", "repr", "unsafe_hash"])

/** Methods and names by which a class changes how it is made, or how its attributes are read and set. */
const hooks = /^__(new|setattr|getattribute|delattr|init_subclass|set_name|slots|dict|class|get|set|prepare|call)__$/u

function refuseTricks(tools: Tools, fact: ClassFact): void {
  const { syntax, scope } = fact
  const { name, body } = syntax
  const refuse = (what: string, at: Location): never => {
    throw new Undecided(`${what} of \`${name}\` may change what its instances hold`, at)
  }
  const at = locate(scope, syntax.at)
  if (syntax.generic) refuse("the type parameters", at)
  const code = body.find(({ kind }) => ["block", "binds", "passes", "import", "from"].includes(kind))
  if (code !== undefined) refuse("code in the body", locate(scope, code.at))
  if ([...boundInClass(syntax)].some((bound) => hooks.test(bound))) refuse("a special method or attribute", at)
  if (letsItselfOut(syntax)) refuse("a method that passes on its instance", at)
  const methods = body.filter((each) => each.kind === "function")
  const odd = methods.find((method) => !isPlainMethod(tools, fact, method))
  if (odd !== undefined) refuse(`the method \`${odd.name}\``, locate(scope, odd.at))
  const calls = methods.flatMap(({ steps }) => steps ?? []).filter((step) => step.kind === "call" && isInit(step.call))
  if (calls.length < constructorCalls(syntax)) refuse("a method that calls a constructor", at)
}

export function isInit({ callee }: Extract<Expression, { kind: "call" }>): boolean {
  return callee.kind === "attribute" && callee.name === "__init__"
}

/** Methods take their instance as `self`, and are decorated by what leaves it alone. */
function isPlainMethod(tools: Tools, fact: ClassFact, method: FunctionSyntax): boolean {
  const paths = method.decorators.map((decorator) =>
    outsidePath(tools.evaluate(tools.session, decorator, inHead(fact))),
  )
  const first = method.parameters[0]?.name
  const own = paths.includes("builtins.staticmethod") || first === "self" || first === "cls" || first === undefined
  return own && paths.every((path) => path !== null && plainDecorators.has(path))
}

const plainDecorators = new Set(
  (
    "builtins.staticmethod builtins.classmethod builtins.property abc.abstractmethod functools.cached_property " +
    "functools.lru_cache functools.cache contextlib.contextmanager typing.override"
  ).split(" "),
)

/** What a class body binds to a name, each time. */
export function bindingsIn({ syntax }: ClassFact, name: string): readonly Statement[] {
  return syntax.body.filter((statement) => {
    if (statement.kind === "assign") return statement.names.includes(name)
    if (statement.kind === "annotated") return statement.name === name && statement.value !== null
    return (statement.kind === "function" || statement.kind === "class") && statement.name === name
  })
}
