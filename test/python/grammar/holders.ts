import fc from "fast-check"
import type { Definition } from "./classes.ts"
import { from, indent, type Part, type World } from "./part.ts"
import { anyValue, byType } from "./values.ts"

/** Classes whose instances hold what they are given, and instances of them; now and then something changes that. */
type Definitions = fc.Arbitrary<Definition>

const attributes = ["first", "second", "third"]

/** All take `first` and perhaps `second`, so that each may be based on any other. */
const plainSteps = fc.constantFrom(
  "self.first = first",
  "self.second = second",
  "self.third = second",
  "self.third: object = 'own'",
  "self.third = f'{first}-x'",
  "self.third = (first, 1)",
  "self.third = self.first",
  "self.third = [first]",
  '"""Sets nothing."""',
  "pass",
  "self.helper()",
  "print(first)",
)
const oddSteps = fc.constantFrom(
  "self.first, self.third = 1, 2",
  "if second: self.first = 9",
  "setattr(self, 'first', 3)",
  "self.__dict__['first'] = 5",
  "self.first = self.third = 4",
  "str(self)",
  "second = 8",
  "self.third = (second := 7)",
  "for self.third in (1, 2): pass",
  "vars(self).update(third=2)",
)
const superSteps = fc.constantFrom(
  "super().__init__(first, second)",
  "super().__init__(second=second, first=first)",
  "super().__init__(first)",
  "super().__init__('fixed', second=second)",
  "super({n}, self).__init__(first, second)",
)
const methods = fc.constantFrom(
  "def helper(self):\n    return self.first",
  "def helper(self):\n    return self",
  "def helper(self):\n    '''self, it is.'''\ndef __getitem__(self, key):\n    return self.__dict__[key]",
  "def helper(self):\n    return str(self.first == self.second)",
  "def helper(self, more=()):\n    for each in more:\n        print(each, self.first, end='')",
  "@property\ndef label(self):\n    return self.first\ndef helper(self): pass",
)
const oddMethods = fc.constantFrom(
  "def helper(self):\n    self.first = 'changed'",
  "def helper(self):\n    self.third, self.second = 1, 2",
  "def helper(self):\n    (\n        self.first,\n        self.second,\n    ) = 1, 2",
  "def helper(self):\n    for self.first in ('loop',): pass",
  "def helper(self):\n    me = self\n    me.first = 'through another name'",
  "def helper(self):\n    [setattr(each, 'third', 6) for each in [self]]",
  "def helper(self):\n    del self.first",
  "@property\ndef third(self): return 'own'\n@third.setter\ndef third(self, value): pass\ndef helper(self): pass",
  "def __setattr__(self, name, value):\n    super().__setattr__(name, 'wrapped')\ndef helper(self): pass",
  "def helper(self): pass\ndef __getattribute__(self, name):\n    return object.__getattribute__(self, name)",
)
const classAttributes = fc.constantFrom("", "", "", "third = 5", "second: int = 3", "first = None\nthird = 'class'")

const usually = <T>(plain: fc.Arbitrary<T>, odd: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 15, arbitrary: plain }, { weight: 1, arbitrary: odd })

const forms = fc.constantFrom(
  "constructor",
  "constructor",
  "constructor",
  "passed on",
  "dataclass",
  "dataclass-post",
  "inherited",
)
type Form = typeof forms extends fc.Arbitrary<infer Each> ? Each : never

const argument = fc.oneof(byType.str, byType.int, byType.bool, byType.none, anyValue)

const shape = fc.record({
  steps: fc
    .tuple(fc.constantFrom(0, 1, 2, 2, 2), fc.array(usually(plainSteps, oddSteps), { maxLength: 4 }))
    .map(([usual, steps]) => [...["self.first = first", "self.second = second"].slice(0, usual), ...steps]),
  above: superSteps,
  aboveAt: fc.nat(4),
  method: usually(methods, oddMethods),
  attribute: classAttributes,
  base: fc.option(fc.nat(3), { freq: 2 }),
  form: forms,
  second: fc.constantFrom("None", "1", "'d'", "(1, 2)"),
  values: fc.tuple(argument, fc.option(argument)),
  keyword: fc.boolean(),
  after: fc.constantFrom(...Array.from({ length: 14 }, () => ""), "{n}.third = 9", "{n}.helper = lambda self: None"),
})
type Shape = typeof shape extends fc.Arbitrary<infer Each> ? Each : never

export const holder: Definitions = shape.map((each) => ({
  kind: "holder",
  members: attributes,
  text: (world, name) => holderText(each, world, name),
  args: (world) => {
    const [first, second] = each.values
    const more = second === null ? [] : [`${each.keyword ? "second=" : ""}${second(world)}`]
    return [`${each.keyword && more.length > 0 ? "first=" : ""}${first(world)}`, ...more].join(", ")
  },
}))

function holderText(each: Shape, world: World, name: string): string {
  const base = each.base === null ? null : world.own("holder", each.base)
  const form = base === null && (each.form === "passed on" || each.form === "inherited") ? "constructor" : each.form
  const dataclass = form === "dataclass" || form === "dataclass-post"
  // What nothing has set is there all the same, so that Prefect can import the file.
  const root = base === null ? "def __getattr__(self, name):\n    return 'nothing'" : ""
  const parts = [
    dataclass ? "" : each.attribute,
    constructorText(each, form, base === null ? null : name),
    root,
    each.method,
  ]
  const decorator = dataclass ? `@${world.out("dataclasses.dataclass")}\n` : ""
  const body = indent(parts.filter((part) => part !== "").join("\n"))
  const text = `${decorator}class ${name}${base === null ? "" : `(${base.text})`}:\n${body}`
  return each.after === "" ? text : `${text}\n${each.after.replaceAll("{n}", name)}`
}

/** `own`: the name of a class that is based on another one. */
function constructorText({ steps, second, above, aboveAt }: Shape, form: Form, own: string | null): string {
  const fields = `first: object\nsecond: object = ${second}`
  switch (form) {
    case "inherited":
      return ""
    case "dataclass":
      return `${fields}\nthird: int = 4`
    case "dataclass-post":
      return `${fields}\ndef __post_init__(self):\n    self.helper()`
    case "passed on": {
      const quiet = steps.filter((step) => !/first|second|third/u.test(step))
      const lines = [...quiet, "super().__init__(*args, **kwargs)", "self.third = 'late'"]
      return `def __init__(self, *args, **kwargs):\n${indent(lines.join("\n"))}`
    }
    case "constructor": {
      const calls = own === null ? [] : [above.replaceAll("{n}", own)]
      const lines = [...steps.slice(0, aboveAt), ...calls, ...steps.slice(aboveAt), "pass"]
      return `def __init__(self, first, second=${second}):\n${indent(lines.join("\n"))}`
    }
  }
}

/** An instance under a name, and what the file does with it. */
export const held: Definitions = fc
  .record({
    index: fc.nat(5),
    after: fc.constantFrom(
      ...Array.from({ length: 20 }, () => ""),
      "{n}.first = 'later'",
      "{n}.helper()",
      "done_{n} = str({n})",
      "for each_{n} in [{n}]: each_{n}.helper()",
      "all_{n} = [{n}]\nall_{n}[0].third = 3",
      "print({n})",
    ),
  })
  .map(({ index, after }) => ({
    kind: "held",
    members: attributes,
    text: (world, name) => {
      const found = world.own("holder", index)
      const own = `class Only${name}:\n    first = 1\n    second = third = 'x'\n    def helper(self): pass\n`
      const lines = [`${name} = ${found?.instance ?? `Only${name}()`}`, after.replaceAll("{n}", name)]
      return `${found === null ? own : ""}${lines.filter((line) => line !== "").join("\n")}`
    },
    args: null,
  }))

/** `Table("x").first`, `TABLE.first` and `[table.first for table in (TABLE, Table("y"))]`. */
export const attributeOfInstance: fc.Arbitrary<Part> = fc
  .record({
    kind: fc.constantFrom("holder" as const, "held" as const),
    index: fc.nat(9),
    name: fc.constantFrom(...attributes),
    form: fc.constantFrom(
      "{}.{a}",
      "{}.{a}",
      "[each.{a} for each in [{}, {}]]",
      "tuple(each.{a} for each in ({},))",
      "list({k: v.{a} for k, v in {'one': {}}.items()}.values())",
    ),
  })
  .map(({ kind, index, name, form }) => (world) => {
    const found = world.own(kind, index)
    const text = kind === "held" ? found?.text : found?.instance
    if (text === undefined || text === null) return "None"
    return form.replaceAll("{a}", name).replaceAll("{}", () => text)
  })

/** Loops and questions that are answered where they stand. */
export const loop: fc.Arbitrary<Part> = fc.oneof(
  from(
    "[x * 2 for x in (1, 2, 3) if x != 2]",
    "[(k, v) for k, v in {'a': 1, 'b': None}.items() if v is not None]",
    "{k: len(k) for k in ['a', 'bc', 'a']}",
    "{x for x in [1, 1, 2]}",
    "tuple(f'{x}-{y}' for x in range(2) for y in ['', 'b'] if y)",
    "list({'b': 1, 'a': 2}.keys())",
    "list({'b': 1, 'a': 2}.values())",
    "[x for (x) in [(1,)]] + [x for x, in [(1,)]]",
    "{'a': 1}.get('a')",
    "{'a': 1}.get('z', 'none')",
    "{1: 'a', True: 'b'}.get(1)",
    "[[y for y in range(x)] for x in range(3)]",
    "{'k': [x for x in ()]}",
    "len([x for x in range(9) if x > 3])",
    "list({'u': <os.getenv>('NOT_SET'), 'v': 1})",
    "dict(k=range(3))",
    "1 == 1.0",
    "'a' in ['a', 'b']",
    "'a' not in 'bc'",
    "None is None",
    "3 >= 2.5",
    "b'a' == 'a'",
  ),
  anyEnum("[each.value for each in {}]"),
  anyEnum("list({})"),
  anyEnum("{each.name: each.value for each in {}}"),
  anyEnum("[each for each in {} if each.name != 'RED']"),
)

function anyEnum(form: string): fc.Arbitrary<Part> {
  return fc.nat(9).map((index): Part => (world) => {
    const found = world.own("enum", index)
    return found === null ? "None" : form.replace("{}", () => found.text)
  })
}
