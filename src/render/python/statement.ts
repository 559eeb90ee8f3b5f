import type { Node } from "web-tree-sitter"
import { toArguments, toExpression } from "./expression.ts"
import { placeOf } from "./loop.ts"
import type { ClassSyntax, Expression, FunctionSyntax, ImportedName, Parameter, Statement, Step } from "./syntax.ts"

const nestingMax = 50

/** The statements of a module or of a block, in order, as plain data. */
export function toStatements(block: Node, depth = 0): Statement[] {
  if (depth > nestingMax) return [{ kind: "broken", at: placeOf(block) }]
  return block.namedChildren.flatMap((node) => toStatement(node, depth + 1))
}

function toStatement(node: Node, depth: number): Statement[] {
  if (node.isError || node.isMissing) return [{ kind: "broken", at: placeOf(node) }]
  return converters[node.type]?.(node, depth) ?? []
}

const converters: Readonly<Record<string, (node: Node, depth: number) => Statement[]>> = {
  expression_statement: (node) => node.namedChildren.flatMap((child) => toSimple(child)),
  function_definition: (node) => [toFunction(node, [])],
  class_definition: (node, depth) => [toClass(node, [], depth)],
  decorated_definition: (node, depth) => toDecorated(node, depth),
  import_statement: (node) => node.childrenForFieldName("name").map((name) => toImport(node, name)),
  import_from_statement: (node) => [toFrom(node)],
  if_statement: (node, depth) => toIf(node, depth),
  type_alias_statement: (node) => [binds(node, [node.childForFieldName("left")], "a `type` statement")],
  delete_statement: (node) => [binds(node, node.namedChildren, "`del`")],
  for_statement: (node, depth) => [
    binds(node, [node.childForFieldName("left")], "a loop"),
    ...passedBy(node.childForFieldName("right")),
    ...toBlocks(node, depth, "unknown"),
  ],
  with_statement: (node, depth) => [
    binds(node, node.descendantsOfType("as_pattern_target"), "`with`"),
    ...toWith(node, depth),
  ],
  while_statement: (node, depth) => toBlocks(node, depth, "unknown"),
  try_statement: (node, depth) => toBlocks(node, depth, "unknown"),
  match_statement: (node) => [{ kind: "binds", names: namesIn([node]), what: "`match`", at: placeOf(node) }],
}

/** All blocks below a compound statement, its clauses included. */
function toBlocks(node: Node, depth: number, test: "type-checking" | "unknown"): Statement[] {
  return node.namedChildren.flatMap((child): Statement[] => {
    if (child.type === "block") {
      return [{ kind: "block", test, body: toStatements(child, depth), at: placeOf(node) }]
    }
    return child.type.endsWith("_clause") ? toBlocks(child, depth + 1, "unknown") : []
  })
}

/** The body of `with` runs once, and to its end unless something is there to swallow errors. */
function toWith(node: Node, depth: number): Statement[] {
  const body = node.childForFieldName("body")
  const items = node.namedChildren.find((child) => child.type === "with_clause")?.text ?? ""
  if (body === null || /suppress|raises|ignor/iu.test(items)) return toBlocks(node, depth, "unknown")
  return toStatements(body, depth)
}

function toIf(node: Node, depth: number): Statement[] {
  const alternatives = node.childrenForFieldName("alternative")
  const simple = alternatives.length === 0 || (alternatives.length === 1 && alternatives[0]?.type === "else_clause")
  const test = simple ? knownTest(node) : "unknown"
  if (test === "unknown") return toBlocks(node, depth, "unknown")
  const otherwise = alternatives[0]?.childForFieldName("body") ?? null
  const always = otherwise === null ? [] : toStatements(otherwise, depth)
  const body = node.childForFieldName("consequence")
  if (test === "never" || body === null) return always
  return [{ kind: "block", test, body: toStatements(body, depth), at: placeOf(node) }, ...always]
}

/** An import of a file never is the main program, and never is for type checkers. */
function knownTest(node: Node): "never" | "type-checking" | "unknown" {
  const condition = node.childForFieldName("condition")?.text.replaceAll(/\s+/gu, " ") ?? ""
  if (/^\(?__name__ == (["'])__main__\1\)?$/u.test(condition)) return "never"
  return /^\(?(\w+\.)?TYPE_CHECKING\)?$/u.test(condition) ? "type-checking" : "unknown"
}

function toSimple(node: Node): Statement[] {
  if (node.type === "assignment") return toAssignment(node)
  if (node.type === "augmented_assignment") return [binds(node, [node.childForFieldName("left")], "an assignment")]
  // `f(X)` may change X when it is a list or the like; a bare text is a docstring and does nothing.
  return node.type === "string" || node.type === "concatenated_string" || node.type === "ellipsis"
    ? []
    : [{ kind: "passes", names: namesIn([node]), at: placeOf(node) }]
}

/** What a loop walks through may be changed in it by another name. */
function passedBy(node: Node | null): Statement[] {
  return node === null ? [] : [{ kind: "passes", names: namesIn([node]), at: placeOf(node) }]
}

function toAssignment(node: Node): Statement[] {
  const left = node.childForFieldName("left")
  const right = node.childForFieldName("right")
  const annotation = node.childForFieldName("type")
  if (left === null) return []
  if (annotation !== null) return [toAnnotated(node, { left, annotation, right })]
  const chain = right?.type === "assignment" ? toAssignment(right) : []
  const last = chain.findLast((statement) => statement.kind === "assign")
  const value = chain.length === 0 ? toExpression(right) : (last?.value ?? opaqueAt(node))
  const own: Statement =
    left.type === "identifier"
      ? { kind: "assign", names: [left.text], value, at: placeOf(node) }
      : binds(node, [left], "an assignment to several names or to a part")
  return [...chain, own]
}

function toAnnotated(node: Node, parts: { left: Node; annotation: Node; right: Node | null }): Statement {
  const { left, annotation, right } = parts
  if (left.type !== "identifier") return binds(node, [left], "an assignment")
  const value = right === null ? null : toExpression(right)
  return { kind: "annotated", name: left.text, annotation: toExpression(annotation), value, at: placeOf(node) }
}

function opaqueAt(node: Node): Expression {
  return { kind: "opaque", what: "a chained assignment", at: placeOf(node) }
}

/** Names that the targets bind; of `x.a` and `x[i]` the changed `x`. */
function binds(node: Node, targets: readonly (Node | null)[], what: string): Statement {
  return { kind: "binds", names: targets.flatMap((target) => boundBy(target)), what, at: placeOf(node) }
}

function boundBy(target: Node | null, depth = 0): string[] {
  if (target === null || depth > nestingMax) return []
  if (target.type === "identifier") return [target.text]
  if (target.type !== "attribute" && target.type !== "subscript")
    return target.namedChildren.flatMap((child) => boundBy(child, depth + 1))
  return namesIn([target]).slice(0, 1)
}

/** Every name that occurs in the nodes, in order. */
function namesIn(nodes: readonly Node[]): string[] {
  return nodes.flatMap((node) => node.descendantsOfType("identifier").map((identifier) => identifier.text))
}

function toDecorated(node: Node, depth: number): Statement[] {
  const decorators = node.namedChildren
    .filter((child) => child.type === "decorator")
    .map((child) => toExpression(child.namedChildren.find((part) => part.type !== "comment") ?? null))
  const definition = node.childForFieldName("definition")
  if (definition?.type === "function_definition") return [toFunction(definition, decorators)]
  return definition?.type === "class_definition" ? [toClass(definition, decorators, depth)] : []
}

function toFunction(node: Node, decorators: readonly Expression[]): FunctionSyntax {
  const returns = node.childForFieldName("return_type")
  return {
    kind: "function",
    name: node.childForFieldName("name")?.text ?? "",
    decorators,
    parameters: toParameters(node.childForFieldName("parameters")),
    returns: returns === null ? null : toExpression(returns),
    generic: node.childForFieldName("type_parameters") !== null,
    docstring: toDocstring(node.childForFieldName("body")),
    result: toResult(node),
    steps: toSteps(node),
    at: placeOf(node),
  }
}

/** The expression of a body that is one `return`, with or without a docstring; null for any other, and for `async`. */
function toResult(node: Node): Expression | null {
  const body = (node.childForFieldName("body")?.namedChildren ?? []).filter((child) => child.type !== "comment")
  const [only, ...more] = toDocstring(node.childForFieldName("body")) === null ? body : body.slice(1)
  if (only?.type !== "return_statement" || more.length > 0 || node.child(0)?.type === "async") return null
  return toExpression(only.namedChild(0))
}

/** More statements than a constructor has that only takes its arguments. */
const stepsMax = 200

function toSteps(node: Node): Step[] | null {
  const body = node.childForFieldName("body")
  const constructs = node.childForFieldName("name")?.text === "__init__" && node.child(0)?.type !== "async"
  if (!constructs || body === null || body.namedChildCount > stepsMax) return null
  const steps = body.namedChildren.map((child) => toStep(child))
  return steps.every((step) => step !== null) ? steps.flat() : null
}

/** One step, or none where a statement does nothing; null when it isn't a plain one. */
function toStep(node: Node): Step[] | null {
  if (node.type === "comment" || node.type === "pass_statement") return []
  const only = node.type === "expression_statement" && node.namedChildCount === 1 ? node.namedChild(0) : null
  if (only === null) return null
  if (["string", "concatenated_string", "ellipsis"].includes(only.type)) return []
  if (only.type === "assignment") return toSetting(only)
  const call = toExpression(only)
  return call.kind === "call" ? [{ kind: "call", call, at: placeOf(node) }] : null
}

function toSetting(node: Node): Step[] | null {
  const [left, right] = [node.childForFieldName("left"), node.childForFieldName("right")]
  const target = left?.type === "attribute" ? toExpression(left) : null
  if (target?.kind !== "attribute" || target.object.kind !== "name") return null
  if (right === null || right.type === "assignment") return null
  const { object, name } = target
  return [{ kind: "set", object: object.name, attribute: name, value: toExpression(right), at: placeOf(node) }]
}

function toParameters(node: Node | null): Parameter[] {
  let keywordOnly = false
  return (node?.namedChildren ?? []).flatMap((child) => {
    const [parameter] = toParameter(child, keywordOnly)
    keywordOnly ||= child.type === "keyword_separator" || parameter?.star === "*"
    return parameter === undefined ? [] : [parameter]
  })
}

function toParameter(node: Node, keywordOnly: boolean): Parameter[] {
  if (!/parameter$|^identifier$|splat_pattern$/u.test(node.type)) return []
  const holder = node.childForFieldName("name") ?? (node.type === "typed_parameter" ? node.namedChild(0) : node)
  if (holder === null) return []
  const star = holder.type === "list_splat_pattern" ? "*" : holder.type === "dictionary_splat_pattern" ? "**" : ""
  const annotation = node.childForFieldName("type")
  const value = node.childForFieldName("value")
  return [
    {
      name: star === "" ? holder.text : (holder.namedChild(0)?.text ?? ""),
      star,
      annotation: annotation === null ? null : toExpression(annotation),
      default: value === null ? null : toExpression(value),
      keywordOnly,
      at: placeOf(node),
    },
  ]
}

function toClass(node: Node, decorators: readonly Expression[], depth: number): ClassSyntax {
  const body = node.childForFieldName("body")
  return {
    kind: "class",
    name: node.childForFieldName("name")?.text ?? "",
    decorators,
    bases: toArguments(node.childForFieldName("superclasses"), 0),
    generic: node.childForFieldName("type_parameters") !== null,
    docstring: toDocstring(body),
    body: body === null ? [] : toStatements(body, depth),
    text: node.text,
    at: placeOf(node),
  }
}

function toDocstring(body: Node | null): string | null {
  const first = body?.namedChildren.find((child) => child.type !== "comment")
  if (first?.type !== "expression_statement" || first.namedChildCount !== 1) return null
  const text = toExpression(first.namedChild(0))
  return text.kind === "string" ? text.value : null
}

function toImport(statement: Node, name: Node): Statement {
  const at = placeOf(statement)
  if (name.type !== "aliased_import") return { kind: "import", module: name.text, as: null, at }
  const module = name.childForFieldName("name")?.text ?? ""
  return { kind: "import", module, as: name.childForFieldName("alias")?.text ?? "", at }
}

function toFrom(node: Node): Statement {
  const source = node.childForFieldName("module_name")
  const text = source?.text.replaceAll(/\s/gu, "") ?? ""
  const level = /^\.*/u.exec(text)?.[0].length ?? 0
  const star = node.namedChildren.some((child) => child.type === "wildcard_import")
  const names = star ? "*" : node.childrenForFieldName("name").map((name) => toImportedName(name))
  return { kind: "from", module: text.slice(level), level, names, at: placeOf(node) }
}

function toImportedName(node: Node): ImportedName {
  if (node.type !== "aliased_import") return { name: node.text, as: node.text }
  return {
    name: node.childForFieldName("name")?.text ?? "",
    as: node.childForFieldName("alias")?.text ?? "",
  }
}
