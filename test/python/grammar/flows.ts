import fc from "fast-check"
import { annotation } from "./classes.ts"
import { attributeOfInstance, loop } from "./holders.ts"
import { from, indent, oneOf, type Part, type Parts, sometimes, type World, write } from "./part.ts"
import { anyType } from "./types.ts"
import { anyValue, text, unknowable } from "./values.ts"

const docLine = fc.constantFrom(
  "Args:",
  "Arguments:",
  "    a: The a.",
  "    b (int): The b.",
  "    b (int, optional): The b.",
  "    c : spaced",
  "    *args: more",
  "    _x: no",
  "        goes on",
  "      odd",
  "",
  "",
  "Returns:",
  "    c: no",
  "Text: with colon",
  "Note:",
  "  d: two",
  "    e",
  "```",
  "Params: x",
  "Keyword Args:",
  "    c: keyword",
  "Parameters",
  "----------",
  "a : int",
  "    NumPy's a.",
  ":param a: The a.",
  "\ta: tab",
  "Raises:",
  "    ValueError: when",
  "\u00a0",
  "Examples:",
  "    >>> 1",
  "Args: title",
  "",
)

/** A docstring of a flow: any mix of the usual styles, rightly and wrongly indented. */
const flowDoc: Parts = fc
  .record({
    lines: fc.array(docLine, { maxLength: 10 }),
    first: fc.constantFrom("Summary.", "", "  Indented.", "Args:", "Ünï 日本."),
    quote: fc.constantFrom('"""', '"""', "'''", 'r"""'),
    none: fc.constantFrom(false, false, true),
    last: fc.constantFrom("", "    ", "\n"),
  })
  .map(({ lines, first, quote, none, last }): Part => () => {
    if (none) return ""
    const close = quote.replace("r", "")
    const body = lines.length === 0 ? first : [first, ...lines.map((line) => `    ${line}`), last].join("\n")
    return `${quote}${body}${close}`
  })

/** The text of a `name=` or `description=`. */
const title: Parts = fc.oneof(
  {
    weight: 12,
    arbitrary: fc
      .constantFrom("'My Flow'", '"nightly_load"', "'a' 'b'", "''", "None", "'日本 ü'", "r'x\\y'", '"""multi"""')
      .map((value) => () => value),
  },
  { weight: 2, arbitrary: text },
  {
    weight: 3,
    arbitrary: fc
      .tuple(
        fc.nat(5),
        fc.constantFrom(
          "{}",
          'f"x-{{}}"',
          'f"{{}!s}-{1:03d}"',
          "'n' + str({})",
          "'%s' % ({},)",
          "'{}'.format({})",
          'f"{{}!r}"',
          "str({}).lower()",
        ),
      )
      .map(([index, form]): Part => (world) => {
        const found = world.own("text", index)?.text ?? "'k'"
        return form.replace("{{}", `{${found}`).replace(/\{\}(?!')/u, found)
      }),
  },
)

const option: Parts = fc.oneof(
  { weight: 4, arbitrary: title.map((part) => write("name={}", part)) },
  { weight: 2, arbitrary: title.map((part) => write("description={}", part)) },
  {
    weight: 2,
    arbitrary: oneOf("version='1'", "retries=3", "log_prints=True", "timeout_seconds=1.5", "validate_parameters=False"),
  },
)

const styles = fc.constantFrom(
  "decorator",
  "decorator",
  "decorator",
  "decorator",
  "decorator",
  "decorator",
  "decorator",
  "decorator",
  "decorator",
  "decorator",
  "decorator",
  "decorator",
  "decorator",
  "decorator",
  "assigned",
  "curried",
  "method",
  "static",
  "other",
  "options",
)
type Style = typeof styles extends fc.Arbitrary<infer Each> ? Each : never

const parameter = fc.record({
  typed: fc.option(anyType, { freq: 9 }),
  quoted: fc.constantFrom(false, false, false, true),
  defaulted: fc.constantFrom("none", "none", "none", "fit", "fit", "fit", "fit", "null", "any", "any", "field"),
  any: fc.oneof(
    { weight: 4, arbitrary: anyValue },
    { weight: 2, arbitrary: attributeOfInstance },
    { weight: 1, arbitrary: loop },
  ),
  field: from(
    "<pydantic.Field>(default=@@, description='d')",
    "<pydantic.Field>(@@, title='T', ge=1)",
    "<pydantic.Field>(description='only')",
    "<pydantic.Field>(default_factory=list)",
    "<pydantic.Field>(@@, json_schema_extra={'position': 9, 'w': 'x'})",
    "<pydantic.Field>(default=..., examples=[1])",
    "...",
  ),
})
type Parameter = typeof parameter extends fc.Arbitrary<infer Each> ? Each : never

const names = ["a", "b", "c", "d", "schema", "name_2"]

function parameterText(each: Parameter, name: string): Part {
  return (world) => {
    const head = each.typed === null ? name : `${name}: ${annotation(each.typed, each.quoted)(world)}`
    const fit = each.typed?.value ?? each.any
    switch (each.defaulted) {
      case "none":
        return head
      case "null":
        return `${head} = None`
      case "fit":
        return `${head} = ${fit(world)}`
      case "any":
        return `${head} = ${each.any(world)}`
      case "field":
        return `${head} = ${each.field(world).replace("@@", () => fit(world))}`
    }
  }
}

/** Where `/`, `*` and the starred parameters stand. */
const markers = fc.constantFrom("", "", "", "*", "/", "*args", "**kwargs", "both")

function signature(parameters: readonly Parameter[], marker: string): Part {
  return (world) => {
    const texts = parameters.map((each, index) => parameterText(each, names[index] ?? "z")(world))
    const needed = parameters.map((each) => each.defaulted === "none")
    const bare = texts.filter((_, index) => needed[index])
    const defaulted = texts.filter((_, index) => !needed[index])
    const all = [...bare, ...defaulted]
    switch (marker) {
      case "*":
        return ["*", ...texts].join(", ").replace(/^\*$/u, "")
      case "/":
        return all.length === 0 ? "" : [all[0], "/", ...all.slice(1)].join(", ")
      case "*args":
        return [...bare, "*args: int", ...defaulted].join(", ")
      case "**kwargs":
        return [...all, "**kwargs"].join(", ")
      case "both":
        return [...bare, "*args", ...defaulted, "**kwargs: str"].join(", ")
      default:
        return all.join(", ")
    }
  }
}

export interface FlowText {
  readonly text: Part
  readonly object: string
}

const heads = fc.constantFrom("<prefect.flow>", "<prefect.flow>", "<prefect.flow>", "<prefect.flows.flow>")

/** The flow itself. `hazard` adds what can't be known, now and then. */
export const anyFlow: fc.Arbitrary<FlowText> = fc
  .record({
    style: styles,
    head: heads,
    called: fc.boolean(),
    options: fc.uniqueArray(option, { maxLength: 3, selector: (part) => part(nowhere).split("=")[0] ?? "" }),
    parameters: fc.array(parameter, { maxLength: 3, size: "max" }),
    marker: markers,
    async: fc.boolean(),
    doc: flowDoc,
    returns: fc.constantFrom("", "", " -> None", " -> <typing.List>[int]", " -> 'Unknown'"),
    hazard: sometimes(0.2, unknowable),
  })
  .map((each) => ({
    object: each.style === "method" || each.style === "static" ? "Flows.my_flow" : "my_flow",
    text: (world) => flowText(each, world),
  }))

const nowhere: World = { out: (path) => path, own: () => null }

interface FlowShape {
  readonly style: Style
  readonly head: string
  readonly called: boolean
  readonly options: readonly Part[]
  readonly parameters: readonly Parameter[]
  readonly marker: string
  readonly async: boolean
  readonly doc: Part
  readonly returns: string
  readonly hazard: Part | null
}

function withHazard(inner: string, marker: string, hazard: string): string {
  if (inner === "") return hazard
  return marker === "" ? `${inner}, ${hazard}` : inner
}

function flowText(each: FlowShape, world: World): string {
  const flow = write(each.head)(world)
  const options = each.options.map((part) => part(world)).join(", ")
  const decorator = options === "" && !each.called ? `@${flow}` : `@${flow}(${options})`
  const inner = signature(each.parameters, each.marker)(world)
  const all = each.hazard === null ? inner : withHazard(inner, each.marker, `unknown_one=${each.hazard(world)}`)
  const body = [each.doc(world), "pass"].filter((line) => line !== "").join("\n")
  const define = (name: string, parameters: string) =>
    `${each.async ? "async " : ""}def ${name}(${parameters})${write(each.returns)(world)}:\n${indent(body).replaceAll(/^ {8}/gmu, "    ")}`
  switch (each.style) {
    case "decorator":
      return `${decorator}\n${define("my_flow", all)}`
    case "other":
      return `def same(function): return function\n\n@same\n${decorator}\n${define("my_flow", all)}`
    case "assigned":
      return `${define("inner_one", all)}\n\nmy_flow = ${flow}(${["inner_one", options].filter((part) => part !== "").join(", ")})`
    case "curried":
      return `${define("inner_one", all)}\n\nmy_flow = ${flow}(${options})(inner_one)`
    case "options":
      return `${decorator}\n${define("inner_one", all)}\n\nmy_flow = inner_one.with_options(${options})`
    case "method":
      return `class Flows:\n${indent(`${decorator}\n${define("my_flow", ["self", all].filter((part) => part !== "").join(", "))}`)}`
    case "static":
      return `class Flows:\n${indent(`${decorator}\n@staticmethod\n${define("my_flow", all)}`)}`
  }
}
