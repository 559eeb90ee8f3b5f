import fc from "fast-check"
import { from, oneOf, type Part, type Parts, write } from "./part.ts"

/** A Python text literal of any characters, in one of the ways to write it. */
export const text: Parts = fc
  .tuple(
    fc.oneof(
      { weight: 6, arbitrary: fc.constantFrom("a", "day", "s3://bucket/key", "x y", "", "ünï", "日本", "it's", "{x}") },
      { weight: 1, arbitrary: fc.string({ maxLength: 6, unit: "binary" }) },
      { weight: 1, arbitrary: fc.string({ maxLength: 6 }) },
    ),
    fc.constantFrom("json", "single", "triple", "joined"),
  )
  .map(
    ([value, style]): Part =>
      () =>
        quoted(value, style),
  )

function quoted(value: string, style: "json" | "single" | "triple" | "joined"): string {
  const json = JSON.stringify(value).replaceAll(
    /[\u007F-\uFFFF]/gu,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  )
  const plain = /^[^\\"'\n\r\p{C}]*$/u.test(value)
  // Surrogate pairs have another form in Python; JSON's escapes of single units are the same.
  if (/[\uD800-\uDFFF]/u.test(value)) return '"pair"'
  if (!plain || style === "json") return json
  if (style === "single") return `'${value}'`
  return style === "triple" ? `"""${value}"""` : `"${value}" "x"`
}

const numbers = fc.oneof(
  fc.integer({ min: -20, max: 500 }).map(String),
  fc.constantFrom("1_000", "0x1F", "0o17", "0b11", "10**6", "60 * 60 * 24", "7 // 2", "-7 % 3", "2 ** -1", "1 << 4"),
  fc.constantFrom(
    "123456789012345678901234567890",
    "5 | 2",
    "6 & 3",
    "6 ^ 3",
    "-8 >> 1",
    "int(3)",
    "abs(-3)",
    "len([1, 2])",
  ),
)
const floats = fc.oneof(
  fc.constantFrom(
    "0.5",
    "-1.25",
    "1e3",
    "1e-7",
    ".5",
    "1.0",
    "3.14",
    "1 / 4",
    "0.1 + 0.2",
    "1.5 * 2",
    "7.5 // 2",
    "1e22",
  ),
  fc
    .double({ noNaN: true, noDefaultInfinity: true, min: -1e9, max: 1e9 })
    .map((value) => (Number.isInteger(value) ? `${value}.0` : String(value))),
)

export const byType = {
  int: numbers.map(
    (value): Part =>
      () =>
        value,
  ),
  float: floats.map(
    (value): Part =>
      () =>
        value,
  ),
  bool: oneOf("True", "False", "not True"),
  str: fc.oneof(
    { weight: 4, arbitrary: text },
    {
      weight: 1,
      arbitrary: from(
        'f"n{1}"',
        "f\"{2!r}-{'q'!s:>4}\"",
        '"a" + "b"',
        '"ab" * 2',
        '"%s-%d" % ("a", 1)',
        '"x{}".format(1)',
      ),
    },
    {
      weight: 1,
      arbitrary: from(
        '"A_b".lower()',
        '"a-b".replace("-", "_")',
        '"-".join(["a", "b"])',
        '" x ".strip()',
        'f"{3:05d}"',
        'f"{1.5:.2f}"',
      ),
    },
  ),
  bytes: oneOf('b"ab"', "b''", 'b"\\x00z"', 'rb"\\x"'),
  none: oneOf("None"),
  date: from(
    "<datetime.date>(2024, 2, 29)",
    "<datetime.date>(year=2020, month=1, day=1)",
    "<datetime.date>(1999, 12, 31)",
  ),
  datetime: from(
    "<datetime.datetime>(2024, 1, 2)",
    "<datetime.datetime>(2024, 1, 2, 3, 4, 5)",
    "<datetime.datetime>(2024, 1, 2, 3, 4, 5, 600)",
    "<datetime.datetime>(2024, 1, 2, tzinfo=<datetime.timezone>.utc)",
    "<datetime.datetime>(2024, 1, 2, 3, tzinfo=<datetime.timezone>.utc)",
  ),
  time: from("<datetime.time>(1, 2)", "<datetime.time>(9, 30, 15)", "<datetime.time>()", "<datetime.time>(0, 0, 0, 5)"),
  timedelta: from(
    "<datetime.timedelta>(days=1)",
    "<datetime.timedelta>(minutes=90)",
    "<datetime.timedelta>(0)",
    "<datetime.timedelta>(seconds=3661)",
    "<datetime.timedelta>(weeks=3, hours=5)",
    "<datetime.timedelta>(hours=1.5)",
    "<datetime.timedelta>(days=-1)",
    "<datetime.timedelta>(days=400)",
    "<datetime.timedelta>(milliseconds=1500)",
    "<datetime.timedelta>(microseconds=7)",
    "<datetime.timedelta>(days=1) * 3",
  ),
  decimal: from(
    '<decimal.Decimal>("1.5")',
    '<decimal.Decimal>("-0.10")',
    "<decimal.Decimal>(3)",
    '<decimal.Decimal>("10")',
  ),
  uuid: from(
    '<uuid.UUID>("12345678-1234-5678-1234-567812345678")',
    '<uuid.UUID>("{12345678-1234-5678-1234-56781234ABCD}")',
    "<uuid.UUID>(int=5)",
  ),
  path: from(
    '<pathlib.Path>("a/b")',
    '<pathlib.Path>("/data/in.csv")',
    '<pathlib.Path>(".")',
    '<pathlib.Path>("a//b/./c/")',
    '<pathlib.Path>("a") / "b"',
    '<pathlib.Path>("a", "b")',
    "<pathlib.Path>()",
  ),
} satisfies Record<string, Parts>

/** A constant of the repository. */
const named: Parts = fc.tuple(fc.nat(9), oneOf("1", "None")).map(
  ([index, fallback]): Part =>
    (world) =>
      world.own("constant", index)?.text ?? fallback(world),
)

/** `Color.RED` and what hangs on it. */
const member: Parts = fc
  .tuple(fc.nat(9), fc.nat(9), fc.constantFrom("", "", ".value", ".name"))
  .map(([index, which, tail]): Part => (world) => {
    const found = world.own("enum", index)
    const name = found?.members[which % (found.members.length || 1)]
    return found === null || name === undefined ? "None" : `${found.text}.${name}${tail}`
  })

export function instanceOf(kind: "model" | "record" | "tuple", index: number): Part {
  return (world) => world.own(kind, index)?.instance ?? "None"
}

const scalar: Parts = fc.oneof(...Object.values(byType), named, member)

/** Any default a person may write, whatever the annotation says. */
export const anyValue: Parts = fc.letrec<{ value: Part }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 2, depthSize: "small", withCrossShrink: true },
    scalar,
    fc.array(tie("value"), { maxLength: 3 }).map(sequence("[", "]")),
    fc.array(tie("value"), { maxLength: 3 }).map(sequence("(", ")")),
    fc.uniqueArray(fc.constantFrom("1", "'b'", "3", "'a'", "2.5"), { minLength: 1, maxLength: 3 }).map(
      (items): Part =>
        () =>
          `{${items.join(", ")}}`,
    ),
    fc.array(fc.tuple(fc.oneof(text, oneOf("1", "True", "None", "1.5", "(1, 2)")), tie("value")), { maxLength: 3 }).map(
      (pairs): Part =>
        (world) =>
          `{${pairs.map(([key, value]) => `${key(world)}: ${value(world)}`).join(", ")}}`,
    ),
    tie("value").map((inner) => write("list([{}])", inner)),
    tie("value").map((inner) => write("dict(k={})", inner)),
    tie("value").map((inner) => write("[{}] * 2", inner)),
    tie("value").map((inner) => write('{"a": {}, **{"b": 1}}', inner)),
  ),
})).value

function sequence(open: string, close: string) {
  return (items: readonly Part[]): Part =>
    (world) => {
      const texts = items.map((item) => item(world))
      return `${open}${texts.join(", ")}${open === "(" && texts.length === 1 ? "," : ""}${close}`
    }
}

/** What only running the code can tell. */
export const unknowable: Parts = from(
  '<os.environ>["HOME"]',
  '<os.getenv>("NOT_SET", "d")',
  "<datetime.date>.today()",
  "next(iter((1, 2)))",
  "lambda: 1",
  "1 if True else 2",
  "<random.random>()",
)
