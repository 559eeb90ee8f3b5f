import fc from "fast-check"
import { from, indent, type Kind, oneOf, type Part, type Parts, sometimes, type World, write } from "./part.ts"
import { anyType, type Typed } from "./types.ts"
import { anyValue, byType } from "./values.ts"

/** A class or constant of the repository; its name is given when it is known where it stands. */
export interface Definition {
  readonly kind: Kind
  readonly members: readonly string[]
  readonly text: (world: World, name: string) => string
  /** The arguments that make an instance, or null when none are known. */
  readonly args: Part | null
}
type Definitions = fc.Arbitrary<Definition>

const docstring: Parts = fc
  .constantFrom(
    null,
    null,
    '"""One line."""',
    '"""Several\n\n      lines, the second indented.\n    """',
    "'''  Spaces around.  '''",
    'r"""Raw \\d."""',
    '"""Escapes \\u00e4 \\n here."""',
    '""""""',
    '"a" "b"',
    '"""Tab\n\there."""',
  )
  .map((text) => () => text ?? "")

const constantDefinition: Definitions = fc
  .tuple(fc.oneof(...Object.values(byType), anyValue), fc.constantFrom("", "", ": <typing.Any>", ": <typing.Final>"))
  .map(([value, note]) => ({
    kind: "constant",
    members: [],
    text: (world, name) => `${name}${write(note)(world)} = ${value(world)}`,
    args: null,
  }))

const textDefinition: Definitions = byType.str.map((value) => ({
  kind: "text",
  members: [],
  text: (world, name) => `${name} = ${value(world)}`,
  args: null,
}))

const alias: Definitions = fc
  .tuple(
    anyType,
    fc.constantFrom(
      "{n} = {}",
      "{n}: <typing.TypeAlias> = {}",
      "{n} = <typing.NewType>('{n}', {})",
      "{n} = <typing.TypeVar>('{n}', bound={})",
    ),
  )
  .map(([{ type }, form]) => ({
    kind: "alias",
    members: [],
    text: (world, name) => write(form.replaceAll("{n}", name), type)(world),
    args: null,
  }))

const memberNames = ["RED", "GREEN", "dark_blue"]
const enumBases: Readonly<Record<string, readonly string[]>> = {
  "<enum.Enum>": ["'red'", "1", "2.5", "(1, 2)", "None", "'x'", "<enum.auto>()", "True", "b'q'"],
  "str, <enum.Enum>": ["'red'", "'g'", "'B b'", "1"],
  "<enum.IntEnum>": ["1", "2", "<enum.auto>()", "10 * 2", "True"],
  "<enum.StrEnum>": ["'red'", "<enum.auto>()", "'z'"],
  "int, <enum.Enum>": ["1", "5", "-3"],
  "<enum.Flag>": ["1", "2", "<enum.auto>()", "4"],
  "<enum.IntFlag>": ["1", "2", "<enum.auto>()"],
}
const enumeration: Definitions = fc
  .tuple(
    fc.constantFrom(
      "<enum.Enum>",
      "<enum.Enum>",
      "str, <enum.Enum>",
      "<enum.IntEnum>",
      "<enum.StrEnum>",
      "int, <enum.Enum>",
      "<enum.Flag>",
      "<enum.IntFlag>",
    ),
    fc.array(fc.nat(8), { minLength: 1, maxLength: 3 }),
    docstring,
    oneOf(
      "",
      "",
      "",
      "def label(self):\n    return self.value",
      "@property\ndef label(self): return 1",
      "_x = 3",
      "@classmethod\ndef make(cls): return 1",
    ),
    fc.constantFrom("", "", "", "@<enum.unique>\n"),
  )
  .map(([base, picks, doc, extra, decorator]) => {
    const values = enumBases[base] ?? []
    const members = picks.map((_, index) => memberNames[index] ?? "Z")
    const same = picks.length > 1 && new Set(picks.map((pick) => pick % values.length)).size === 1
    const lines = picks.map(
      (pick, index) => `${members[index]} = ${values[(pick + (same ? index : 0)) % values.length]}`,
    )
    return {
      kind: "enum",
      members,
      text: (world, name) => {
        const body = [doc(world), ...lines, extra(world)].filter((line) => line !== "").join("\n")
        return write(`${decorator}class ${name}(${base}):\n${indent(body)}`)(world)
      },
      args: null,
    }
  })

const fieldNames = ["x", "some_name", "a1b", "CamelCase", "kind_2x", "trailing_", "items", "userID"] as const
const fieldOptions = from(
  "description='about it'",
  "title='Titled'",
  "examples=[1, 'a']",
  "frozen=True",
  "deprecated=True",
  "json_schema_extra={'x': 1}",
  "alias='other'",
  "validation_alias='vName'",
  "serialization_alias='sName'",
  "exclude=True",
  "ge=1",
  "max_length=5",
  "description=''",
  "repr=False",
)
const field = fc.record({
  name: fc.constantFrom(...fieldNames),
  typed: anyType,
  quoted: fc.boolean(),
  defaulted: fc.constantFrom("none", "none", "fit", "fit", "fit", "fit", "null", "factory", "any"),
  any: anyValue,
  options: sometimes(
    4,
    fc.uniqueArray(fieldOptions, {
      maxLength: 2,
      selector: (option) => option({ out: (path) => path, own: () => null }),
    }),
  ),
})
type Field = typeof field extends fc.Arbitrary<infer Each> ? Each : never
const fields = fc.uniqueArray(field, { maxLength: 3, selector: (each) => each.name })

/** The annotation of a field, sometimes as a text. */
export function annotation({ type }: Typed, quoted: boolean): Part {
  return (world) => {
    const text = type(world)
    return quoted && !text.includes('"') ? `"${text}"` : text
  }
}

function defaultOf(each: Field): Part | null {
  if (each.defaulted === "none") return null
  if (each.defaulted === "null") return () => "None"
  return each.defaulted === "any" ? each.any : each.typed.value
}

function modelField(each: Field): Part {
  return (world) => {
    const head = `${each.name}: ${annotation(each.typed, each.quoted)(world)}`
    const value = defaultOf(each)
    if (each.options === null && each.defaulted !== "factory")
      return value === null ? head : `${head} = ${value(world)}`
    const options = (each.options ?? []).map((option) => option(world))
    const first = each.defaulted === "factory" ? "default_factory=list" : (value?.(world) ?? "...")
    return `${head} = ${world.out("pydantic.Field")}(${[first, ...options].join(", ")})`
  }
}

/** Keyword arguments for the fields without default. */
function arguments_(all: readonly Field[], usable: boolean): Part | null {
  if (!usable) return null
  return (world) =>
    all
      .filter((each) => each.defaulted === "none")
      .map((each) => `${each.name}=${each.typed.value(world)}`)
      .join(", ")
}

const modelExtras = from(
  "",
  "",
  "",
  "model_config = <pydantic.ConfigDict>(extra='forbid')",
  "model_config = <pydantic.ConfigDict>(title='Titled', extra='allow')",
  "model_config = <pydantic.ConfigDict>(json_schema_extra={'examples': [{'x': 1}]})",
  "model_config = <pydantic.ConfigDict>(use_enum_values=True, frozen=True)",
  "model_config = <pydantic.ConfigDict>(use_attribute_docstrings=False, str_to_lower=True)",
  "model_config = <pydantic.ConfigDict>(alias_generator=<pydantic.alias_generators.to_camel>, populate_by_name=True)",
  "model_config = <pydantic.ConfigDict>(alias_generator=<pydantic.alias_generators.to_pascal>)",
  "model_config = {'frozen': True, 'str_strip_whitespace': True}",
  "@<pydantic.field_validator>('*')\n@classmethod\ndef check(cls, value):\n    return value",
  "@<pydantic.field_validator>('*', mode='before')\ndef check(cls, value):\n    return value",
  "@<pydantic.model_validator>(mode='after')\ndef check(self):\n    return self",
  "@<pydantic.computed_field>\n@property\ndef total(self) -> int:\n    return 1",
  "@property\ndef total(self):\n    return 1",
  "@<pydantic.field_serializer>('*')\ndef write(self, value):\n    return value",
  "@<pydantic.model_serializer>\ndef write(self) -> str:\n    return ''",
  "_private: int = 1",
  "LIMIT: <typing.ClassVar>[int] = 3",
  "def method(self):\n    return 1",
)
const model: Definitions = fc
  .tuple(fields, docstring, modelExtras, sometimes(3, fc.nat(3)), fc.constantFrom("", "", "", "", "{n}", "list['{n}']"))
  .map(([all, doc, extra, base, recursive]) => ({
    kind: "model",
    members: [],
    text: (world, name) => {
      const parent = base === null ? null : world.own("model", base)
      const own =
        recursive === "" ? "" : `again: ${world.out("typing.Optional")}["${recursive.replace("{n}", name)}"] = None`
      const body = [doc(world), extra(world), ...all.map((each) => modelField(each)(world)), own, "pass"]
      return `class ${name}(${parent?.text ?? world.out("pydantic.BaseModel")}):\n${indent(body.filter((line) => line !== "").join("\n"))}`
    },
    args: arguments_(all, base === null),
  }))

const special: Definitions = fc
  .tuple(anyType, docstring, fc.constantFrom("root", "root-value", "settings", "generic", "union"))
  .map(([{ type, value }, doc, form]) => ({
    kind: "model",
    members: [],
    text: (world, name) => {
      const inner = type(world)
      const body = {
        root: `class ${name}(${world.out("pydantic.RootModel")}[${inner}]):\n    ${doc(world) || "pass"}`,
        "root-value": `class ${name}(${world.out("pydantic.RootModel")}):\n    root: ${inner} = ${value(world)}`,
        settings: `class ${name}(${world.out("pydantic_settings.BaseSettings")}):\n    x: ${inner} = ${value(world)}`,
        generic: write(
          `Of${name} = <typing.TypeVar>("Of${name}")\nclass Base${name}(<pydantic.BaseModel>, <typing.Generic>[Of${name}]):\n    item: Of${name}\n${name} = Base${name}[${inner}]`,
        )(world),
        union: write(
          `class ${name}A(<pydantic.BaseModel>):\n    kind: <typing.Literal>['a'] = 'a'\nclass ${name}B(<pydantic.BaseModel>):\n    kind: <typing.Literal>['b']\n    x: ${inner}\n${name} = <typing.Annotated>[<typing.Union>[${name}A, ${name}B], <pydantic.Field>(discriminator='kind')]`,
        )(world),
      }
      return body[form]
    },
    args: null,
  }))

const dataOptions = fc.constantFrom("", "()", "(frozen=True)", "(kw_only=True)", "(slots=True, order=True)")
const record: Definitions = fc
  .tuple(
    fields,
    docstring,
    fc.constantFrom("<dataclasses.dataclass>", "<dataclasses.dataclass>", "<pydantic.dataclasses.dataclass>"),
    dataOptions,
    sometimes(2, fc.nat(2)),
  )
  .map(([all, doc, decorator, options, base]) => {
    const ordered = options.includes("kw_only")
      ? all
      : all.toSorted((a, b) => Number(a.defaulted !== "none") - Number(b.defaulted !== "none"))
    return {
      kind: "record",
      members: [],
      text: (world, name) => {
        const parent = base === null ? null : world.own("record", base)
        const body = [doc(world), ...ordered.map((each) => recordField(each)(world)), "pass"].filter(
          (line) => line !== "",
        )
        return (
          write(`@${decorator}${options}\nclass ${name}${parent === null ? "" : `(${parent.text})`}:`)(world) +
          `\n${indent(body.join("\n"))}`
        )
      },
      args: arguments_(all, base === null),
    }
  })

function recordField(each: Field): Part {
  return (world) => {
    const head = `${each.name}: ${annotation(each.typed, each.quoted)(world)}`
    const value = defaultOf(each)?.(world)
    if (value === undefined) return head
    const dataField = world.out("dataclasses.field")
    if (each.defaulted === "factory") return `${head} = ${dataField}(default_factory=list)`
    // A mutable default is an error in a dataclass.
    if (/^[[{]|^(list|dict|set)\b|[\w.]+\(/u.test(value))
      return `${head} = ${dataField}(default_factory=lambda: ${value})`
    return each.options === null ? `${head} = ${value}` : `${head} = ${dataField}(default=${value}, repr=False)`
  }
}

const typedDict: Definitions = fc
  .tuple(
    fields,
    docstring,
    fc.constantFrom("", "", ", total=False"),
    fc.constantFrom("", "", "Required", "NotRequired"),
  )
  .map(([all, doc, total, marker]) => ({
    kind: "typed-dict",
    members: [],
    text: (world, name) => {
      const lines = all.map((each, index) => {
        const type = annotation(each.typed, each.quoted)(world)
        return marker === "" || index > 0
          ? `${each.name}: ${type}`
          : `${each.name}: ${world.out(`typing_extensions.${marker}`)}[${type}]`
      })
      const body = [doc(world), ...lines, "pass"].filter((line) => line !== "").join("\n")
      return `class ${name}(${world.out("typing_extensions.TypedDict")}${total}):\n${indent(body)}`
    },
    args: null,
  }))

const tuple: Definitions = fc.tuple(fields, docstring).map(([all, doc]) => ({
  kind: "tuple",
  members: [],
  text: (world, name) => {
    const ordered = all.toSorted((a, b) => Number(a.defaulted !== "none") - Number(b.defaulted !== "none"))
    const lines = ordered.map((each) => {
      const value = defaultOf(each)?.(world)
      const head = `${each.name}: ${annotation(each.typed, each.quoted)(world)}`
      return value === undefined ? head : `${head} = ${value}`
    })
    const body = [doc(world), ...lines, "pass"].filter((line) => line !== "").join("\n")
    return `class ${name}(${world.out("typing.NamedTuple")}):\n${indent(body)}`
  },
  args: arguments_(all, true),
}))

const plainClass: Definitions = oneOf(
  "pass",
  "def __init__(self):\n    self.x = 1",
  "LIMIT = 3\nNAME = 'n'",
  "x: int = 1",
).map((body) => ({
  kind: "plain",
  members: [],
  text: (world, name) => `class ${name}:\n${indent(body(world))}`,
  args: null,
}))

export const classes: Definitions = fc.oneof(
  { weight: 2, arbitrary: textDefinition },
  { weight: 3, arbitrary: constantDefinition },
  { weight: 3, arbitrary: enumeration },
  { weight: 5, arbitrary: model },
  { weight: 2, arbitrary: record },
  { weight: 2, arbitrary: alias },
  { weight: 1, arbitrary: typedDict },
  { weight: 1, arbitrary: special },
  { weight: 1, arbitrary: tuple },
  { weight: 1, arbitrary: plainClass },
)
