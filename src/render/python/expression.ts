import type { Node } from "web-tree-sitter"
import { firstCode, placeOf, toComparison, toComprehension } from "./loop.ts"
import { decodeLiteral } from "./literal.ts"
import type { Argument, Expression } from "./syntax.ts"

/** Deeper nesting than a person writes; bounds the recursion over hostile texts. */
const nestingMax = 100
/** Longer literals and calls are data, no defaults; bounds the memory that a file may take. */
const itemsMax = 5_000
const digitsMax = 200

/** Turns an expression of the parse tree into plain data; what can't be known without running becomes `opaque`. */
export function toExpression(node: Node | null, depth = 0): Expression {
  if (node === null) return { kind: "opaque", what: "missing code", at: { line: 1, column: 1 } }
  if (depth > nestingMax) return opaque(node, "deeply nested code")
  if (node.isError || node.isMissing) return opaque(node, "a syntax error")
  const convert = converters[node.type]
  return convert === undefined ? opaque(node, described[node.type] ?? "an expression") : convert(node, depth + 1)
}

/** The arguments of a call, or the bases of a class. */
export function toArguments(node: Node | null, depth: number): Argument[] {
  if (node === null) return []
  if (node.namedChildCount > itemsMax) return [{ name: null, star: "*", value: opaque(node, "a very long call") }]
  if (node.type === "generator_expression") return [{ name: null, star: "", value: toExpression(node, depth) }]
  return node.namedChildren.flatMap((child) => (child.type === "comment" ? [] : [toArgument(child, depth)]))
}

type Converter = (node: Node, depth: number) => Expression

const described: Readonly<Record<string, string>> = {
  lambda: "a lambda",
  conditional_expression: "a conditional expression",
  boolean_operator: "a boolean expression",
  await: "an await",
  yield: "a yield",
  slice: "a slice",
  named_expression: "an assignment expression",
}

const converters: Readonly<Record<string, Converter>> = {
  identifier: (node) => ({ kind: "name", name: node.text, at: placeOf(node) }),
  // Soft keywords such as `type` and `match` are names in expressions.
  keyword_identifier: (node) => ({ kind: "name", name: node.text, at: placeOf(node) }),
  attribute: (node, depth) => ({
    kind: "attribute",
    object: toExpression(node.childForFieldName("object"), depth),
    name: node.childForFieldName("attribute")?.text ?? "",
    at: placeOf(node),
  }),
  member_type: (node, depth) => ({
    kind: "attribute",
    object: toExpression(node.namedChild(0), depth),
    name: node.namedChild(1)?.text ?? "",
    at: placeOf(node),
  }),
  subscript: (node, depth) => ({
    kind: "subscript",
    object: toExpression(node.childForFieldName("value"), depth),
    items: node.childrenForFieldName("subscript").flatMap((item) => unpackTuple(item, depth)),
    at: placeOf(node),
  }),
  generic_type: (node, depth) => ({
    kind: "subscript",
    object: toExpression(node.namedChild(0), depth),
    items: node.namedChild(1)?.namedChildren.flatMap((item) => unpackTuple(item, depth)) ?? [],
    at: placeOf(node),
  }),
  union_type: (node, depth) => ({
    kind: "binary",
    operator: "|",
    left: toExpression(node.namedChild(0), depth),
    right: toExpression(node.namedChild(1), depth),
    at: placeOf(node),
  }),
  type: (node, depth) => toExpression(node.namedChild(0), depth),
  parenthesized_expression: (node, depth) => toExpression(firstCode(node), depth),
  call: (node, depth) => ({
    kind: "call",
    callee: toExpression(node.childForFieldName("function"), depth),
    args: toArguments(node.childForFieldName("arguments"), depth),
    at: placeOf(node),
  }),
  string: (node, depth) => toText(node, depth),
  concatenated_string: (node, depth) => concatenate(node, depth),
  integer: (node) => toInteger(node),
  float: (node) => toFloat(node),
  true: (node) => ({ kind: "constant", value: "True", at: placeOf(node) }),
  false: (node) => ({ kind: "constant", value: "False", at: placeOf(node) }),
  none: (node) => ({ kind: "constant", value: "None", at: placeOf(node) }),
  ellipsis: (node) => ({ kind: "constant", value: "...", at: placeOf(node) }),
  list: (node, depth) => toItems(node, "list", depth),
  tuple: (node, depth) => toItems(node, "tuple", depth),
  expression_list: (node, depth) => toItems(node, "tuple", depth),
  set: (node, depth) => toItems(node, "set", depth),
  dictionary: (node, depth) => toDictionary(node, depth),
  binary_operator: (node, depth) => ({
    kind: "binary",
    operator: node.childForFieldName("operator")?.text ?? "",
    left: toExpression(node.childForFieldName("left"), depth),
    right: toExpression(node.childForFieldName("right"), depth),
    at: placeOf(node),
  }),
  comparison_operator: (node, depth) =>
    toComparison(node, (part) => toExpression(part, depth)) ?? opaque(node, "a comparison"),
  list_comprehension: (node, depth) => toLoop(node, "list", depth),
  set_comprehension: (node, depth) => toLoop(node, "set", depth),
  dictionary_comprehension: (node, depth) => toLoop(node, "dict", depth),
  generator_expression: (node, depth) => toLoop(node, "generator", depth),
  not_operator: (node, depth) => ({
    kind: "unary",
    operator: "not",
    operand: toExpression(node.childForFieldName("argument"), depth),
    at: placeOf(node),
  }),
  unary_operator: (node, depth) => ({
    kind: "unary",
    operator: node.childForFieldName("operator")?.text ?? "",
    operand: toExpression(node.childForFieldName("argument"), depth),
    at: placeOf(node),
  }),
}

function opaque(node: Node, what: string): Expression {
  return { kind: "opaque", what, at: placeOf(node) }
}

/** `X[(a, b)]` is `X[a, b]`; but `X[()]` keeps its empty tuple. */
function unpackTuple(node: Node, depth: number): Expression[] {
  if (node.type === "comment") return []
  const item = toExpression(node, depth)
  return item.kind === "tuple" && item.items.length > 0 ? [...item.items] : [item]
}

function toArgument(node: Node, depth: number): Argument {
  switch (node.type) {
    case "keyword_argument":
      return {
        name: node.childForFieldName("name")?.text ?? "",
        star: "",
        value: toExpression(node.childForFieldName("value"), depth),
      }
    case "list_splat":
      return { name: null, star: "*", value: toExpression(node.namedChild(0), depth) }
    case "dictionary_splat":
      return { name: null, star: "**", value: toExpression(node.namedChild(0), depth) }
    default:
      return { name: null, star: "", value: toExpression(node, depth) }
  }
}

function toItems(node: Node, kind: "list" | "tuple" | "set", depth: number): Expression {
  if (node.namedChildCount > itemsMax) return opaque(node, "a very long literal")
  const items = node.namedChildren.flatMap((child) => (child.type === "comment" ? [] : [toExpression(child, depth)]))
  return { kind, items, at: placeOf(node) }
}

function toDictionary(node: Node, depth: number): Expression {
  if (node.namedChildCount > itemsMax) return opaque(node, "a very long literal")
  const entries = []
  for (const child of node.namedChildren) {
    if (child.type === "comment") continue
    if (child.type === "dictionary_splat") {
      entries.push({ key: null, value: toExpression(child.namedChild(0), depth) })
      continue
    }
    if (child.type !== "pair") return opaque(node, "a dictionary comprehension")
    entries.push({
      key: toExpression(child.childForFieldName("key"), depth),
      value: toExpression(child.childForFieldName("value"), depth),
    })
  }
  return { kind: "dict", entries, at: placeOf(node) }
}

function toLoop(node: Node, of: "list" | "set" | "dict" | "generator", depth: number): Expression {
  const loop = toComprehension(node, of, (part) => toExpression(part, depth))
  return loop ?? opaque(node, of === "generator" ? "a generator" : "a comprehension")
}

function toInteger(node: Node): Expression {
  const text = node.text.replaceAll("_", "").toLowerCase()
  const decimal = /^0+$/u.test(text) ? "0" : text
  if (decimal.length > digitsMax) return opaque(node, "a very long number")
  if (!/^(0|[1-9]\d*|0x[0-9a-f]+|0o[0-7]+|0b[01]+)$/u.test(decimal)) return opaque(node, "a number")
  return { kind: "int", value: BigInt(decimal), at: placeOf(node) }
}

function toFloat(node: Node): Expression {
  const text = node.text.replaceAll("_", "")
  if (/j$/iu.test(text)) return opaque(node, "a complex number")
  return { kind: "float", value: Number(text), at: placeOf(node) }
}

function toText(node: Node, depth: number): Expression {
  const children = node.children
  const start = children.find((child) => child.type === "string_start")
  const end = children.findLast((child) => child.type === "string_end")
  if (start === undefined || end === undefined) return opaque(node, "a broken text")
  const prefix = start.text.toLowerCase()
  if (prefix.includes("t")) return opaque(node, "a template string")
  const style = { raw: prefix.includes("r"), bytes: prefix.includes("b") }
  if (prefix.includes("f")) return toJoined(node, children, { raw: style.raw, depth })
  const body = node.text.slice(start.text.length, node.text.length - end.text.length)
  const value = decodeLiteral(body, style)
  if (value === null) return opaque(node, "a text with an escape that has no plain form")
  return { kind: style.bytes ? "bytes" : "string", value, at: placeOf(node) }
}

function toJoined(node: Node, children: readonly Node[], options: { raw: boolean; depth: number }): Expression {
  const parts: Expression[] = []
  for (const child of children) {
    if (child.type === "string_content") parts.push(toContent(child, options.raw))
    if (child.type === "interpolation") parts.push(toInterpolation(child, options.depth))
  }
  return { kind: "joined", parts, at: placeOf(node) }
}

function toContent(node: Node, raw: boolean): Expression {
  const value = decodeLiteral(node.text.replaceAll("{{", "{").replaceAll("}}", "}"), { raw, bytes: false })
  return value === null ? opaque(node, "an escape without plain form") : { kind: "string", value, at: placeOf(node) }
}

function toInterpolation(node: Node, depth: number): Expression {
  const field = node.childForFieldName("expression")
  const value = toExpression(field, depth)
  const more = node.children.filter((child) => child.type !== "{" && child.type !== "}" && child.id !== field?.id)
  if (more.length === 0) return value
  const conversion = more.find((child) => child.type === "type_conversion")?.text.slice(1) ?? ""
  const spec = more.find((child) => child.type === "format_specifier")
  // `{x=}` and a spec with a value in it change the text in ways that aren't followed.
  const plain = more.every((child) => child.type === "type_conversion" || child.type === "format_specifier")
  if (!plain || (spec?.namedChildCount ?? 0) > 0) return opaque(node, "a formatted value")
  return { kind: "formatted", value, conversion, spec: spec?.text.slice(1) ?? "", at: placeOf(node) }
}

function concatenate(node: Node, depth: number): Expression {
  const parts = node.namedChildren.flatMap((child) => (child.type === "comment" ? [] : [toExpression(child, depth)]))
  const unreadable = parts.find((part) => part.kind === "opaque")
  if (unreadable !== undefined) return unreadable
  const at = placeOf(node)
  if (parts.every((part) => part.kind === "string")) {
    return { kind: "string", value: parts.map((part) => part.value).join(""), at }
  }
  if (parts.every((part) => part.kind === "bytes")) {
    return { kind: "bytes", value: parts.map((part) => part.value).join(""), at }
  }
  return { kind: "joined", parts: parts.flatMap((part) => (part.kind === "joined" ? part.parts : [part])), at }
}
