import fc from "fast-check"
import { around, constant, from, type Kind, oneOf, type Part, type Parts, type World, write } from "./part.ts"
import { byType, instanceOf } from "./values.ts"

/** A type and a default that fits it. */
export interface Typed {
  readonly type: Part
  readonly value: Part
}
type Typeds = fc.Arbitrary<Typed>

function typed(types: Parts, values: Parts): Typeds {
  return fc.tuple(types, values).map(([type, value]) => ({ type, value }))
}

const none = oneOf("None")

const plain: Typeds = fc.oneof(
  { weight: 6, arbitrary: typed(oneOf("str"), byType.str) },
  { weight: 5, arbitrary: typed(oneOf("int"), byType.int) },
  { weight: 3, arbitrary: typed(oneOf("bool"), byType.bool) },
  { weight: 2, arbitrary: typed(oneOf("float"), byType.float) },
  { weight: 1, arbitrary: typed(oneOf("bytes"), byType.bytes) },
)
const library: Typeds = fc.oneof(
  typed(from("<datetime.date>"), byType.date),
  typed(from("<datetime.datetime>"), byType.datetime),
  typed(from("<datetime.time>"), byType.time),
  typed(from("<datetime.timedelta>"), byType.timedelta),
  typed(from("<decimal.Decimal>"), byType.decimal),
  typed(from("<uuid.UUID>"), byType.uuid),
  typed(from("<pathlib.Path>", "<pathlib.PurePath>"), byType.path),
  typed(from("<typing.Any>", "object", "<typing.Hashable>"), fc.oneof(...Object.values(byType))),
  typed(
    from("list", "<typing.List>", "<typing.Sequence>", "<collections.abc.Iterable>", "set", "frozenset"),
    oneOf("[]", "[1]"),
  ),
  typed(from("dict", "<typing.Dict>", "<collections.abc.Mapping>", "<typing.Mapping>"), oneOf("{}", '{"a": 1}')),
  typed(from("tuple", "<typing.Tuple>"), oneOf("()", "(1, 'a')")),
  typed(from("None", "<types.NoneType>"), none),
  typed(from("type", "complex", "bytearray", "<logging.Logger>", "<typing.Callable>", "<typing.Type>[int]"), none),
  typed(
    from("<re.Pattern>", "<ipaddress.IPv4Address>", "<ipaddress.IPv4Network>", "<fractions.Fraction>", "<enum.Enum>"),
    none,
  ),
  typed(from("<typing.Callable>[[int], str]", "<typing.Callable>[..., None]", "<collections.abc.Callable>"), none),
  typed(
    from("<typing.Pattern>[str]", "<collections.Counter>", "<collections.deque>[int]", "<collections.OrderedDict>"),
    none,
  ),
  typed(from("<typing.DefaultDict>[str, int]", "<collections.defaultdict>[str, <typing.List>[int]]"), none),
  typed(
    from("<typing.LiteralString>", "<typing.AnyStr>", "<typing.Text>", "<typing.ByteString>", "<typing.SupportsInt>"),
    none,
  ),
)
const special: Typeds = fc.oneof(
  typed(from("<pydantic.SecretStr>", "<pydantic.SecretBytes>", "<pydantic.HttpUrl>", "<pydantic.AnyUrl>"), none),
  typed(from("<pydantic.PositiveInt>", "<pydantic.NonNegativeInt>", "<pydantic.StrictInt>"), byType.int),
  typed(from("<pydantic.PositiveFloat>", "<pydantic.NonPositiveFloat>", "<pydantic.FiniteFloat>"), byType.float),
  typed(from("<pydantic.FilePath>", "<pydantic.DirectoryPath>", "<pydantic.NewPath>"), none),
  typed(
    from("<pydantic.Json>", "<pydantic.Json>[<typing.List>[int]]", "<pydantic.UUID4>", "<pydantic.ByteSize>"),
    none,
  ),
  typed(
    from("<pydantic.AwareDatetime>", "<pydantic.PastDate>", "<pydantic.FutureDatetime>", "<pydantic.Base64Str>"),
    none,
  ),
  typed(
    from("<pydantic.constr>(min_length=1, max_length=5)", "<pydantic.constr>(pattern=r'^a')", "<pydantic.constr>()"),
    byType.str,
  ),
  typed(from("<pydantic.conint>(ge=1, lt=9)", "<pydantic.conint>(multiple_of=3)"), byType.int),
  typed(
    from("<pydantic.confloat>(gt=0)", "<pydantic.conlist>(int, min_length=1)", "<pydantic.conset>(str, max_length=3)"),
    none,
  ),
  typed(
    from("<pydantic.condecimal>(gt=0)", "<pydantic.PostgresDsn>", "<pydantic.RedisDsn>", "<pydantic.IPvAnyAddress>"),
    none,
  ),
  typed(
    from("<pydantic.StrictStr>", "<pydantic.StrictBool>", "<pydantic.ImportString>", "<pydantic.PaymentCardNumber>"),
    none,
  ),
)
const literalItem = fc.oneof(
  { weight: 6, arbitrary: oneOf("'a'", "'b'", "'c d'", "'é'") },
  { weight: 3, arbitrary: oneOf("1", "2", "-3", "True", "None", "b'x'") },
  { weight: 1, arbitrary: oneOf("'a'").map(() => memberLiteral) },
  { weight: 1, arbitrary: around("<typing.Literal>[{}]", oneOf("'n'", "7")) },
)
const memberLiteral: Part = (world) => {
  const found = world.own("enum", 0)
  return found?.members[0] === undefined ? "'e'" : `${found.text}.${found.members[0]}`
}
const literal: Typeds = fc.array(literalItem, { minLength: 1, maxLength: 4 }).map((items) => ({
  type: (world) => `${world.out("typing.Literal")}[${items.map((item) => item(world)).join(", ")}]`,
  value: items[0] ?? constant("'a'"),
}))

const limit: Readonly<Record<string, Parts>> = {
  number: from("ge=1", "gt=0", "le=10", "lt=100", "multiple_of=2", "ge=0, le=5"),
  text: from("min_length=1", "max_length=9", "pattern='^a+$'", "min_length=2, max_length=4"),
}
const noted: Typeds = fc.oneof(
  typed(around("<typing.Annotated>[int, <pydantic.Field>({})]", limit["number"] ?? none), byType.int),
  typed(around("<typing.Annotated>[str, <pydantic.Field>({})]", limit["text"] ?? none), byType.str),
  typed(
    from("<typing.Annotated>[str, 'note']", "<typing.Annotated>[str, <pydantic.Field>(description='d', title='t')]"),
    byType.str,
  ),
  typed(
    from(
      "<typing.Annotated>[float, <annotated_types.Ge>(0.5)]",
      "<typing.Annotated>[float, <pydantic.Field>(gt=0, examples=[1.5])]",
    ),
    byType.float,
  ),
  typed(from("<typing.Annotated>[<typing.List>[int], <pydantic.Field>(min_length=1)]"), oneOf("[1]")),
  typed(from("<typing.Annotated>[<typing.Optional>[int], <pydantic.Field>(ge=1)]"), none),
  typed(from("<typing.Annotated>[str, <pydantic.StringConstraints>(strip_whitespace=True, min_length=1)]"), byType.str),
  typed(
    from(
      "<typing.Annotated>[int, <pydantic.BeforeValidator>(int)]",
      "<typing.Annotated>[int, <pydantic.AfterValidator>(abs)]",
    ),
    byType.int,
  ),
)

/** A class or alias of the repository. */
function owned(kind: Kind, values: (index: number) => Part): Typeds {
  return fc.nat(9).map((index) => ({
    type: (world) => world.own(kind, index)?.text ?? "int",
    value: (world) => (world.own(kind, index) === null ? "3" : values(index)(world)),
  }))
}
const ownMember: Part = memberOfFirst
function memberOfFirst(world: Parameters<Part>[0]): string {
  const found = world.own("enum", 0)
  return found?.members[0] === undefined ? "None" : `${found.text}.${found.members[0]}`
}
const repository: Typeds = fc.oneof(
  { weight: 3, arbitrary: owned("enum", () => ownMember) },
  { weight: 4, arbitrary: owned("model", (index) => instanceOf("model", index)) },
  { weight: 2, arbitrary: owned("record", (index) => instanceOf("record", index)) },
  { weight: 1, arbitrary: owned("tuple", (index) => instanceOf("tuple", index)) },
  { weight: 1, arbitrary: owned("typed-dict", () => constant("None")) },
  { weight: 2, arbitrary: owned("alias", () => constant("None")) },
  { weight: 1, arbitrary: owned("plain", () => constant("None")) },
)

/** Any annotation, with a default that often fits. */
export const anyType: Typeds = fc.letrec<{ type: Typed }>((tie) => {
  const inner = tie("type")
  const wrap = (template: string, value: (inner: Part) => Part): Typeds =>
    inner.map((each) => ({ type: write(template, each.type), value: value(each.value) }))
  const list = (value: Part) => write("[{}]", value)
  return {
    type: fc.oneof(
      { maxDepth: 2, depthSize: "small", withCrossShrink: true },
      { weight: 8, arbitrary: plain },
      { weight: 3, arbitrary: library },
      { weight: 1, arbitrary: special },
      { weight: 2, arbitrary: literal },
      { weight: 1, arbitrary: noted },
      { weight: 9, arbitrary: repository },
      { weight: 4, arbitrary: wrap("<typing.Optional>[{}]", () => constant("None")) },
      { weight: 3, arbitrary: wrap("{} | None", () => constant("None")) },
      { weight: 1, arbitrary: wrap("None | {}", () => constant("None")) },
      { weight: 2, arbitrary: wrap("<typing.List>[{}]", list) },
      { weight: 2, arbitrary: wrap("list[{}]", list) },
      { weight: 1, arbitrary: wrap("<collections.abc.Sequence>[{}]", list) },
      { weight: 1, arbitrary: wrap("<typing.Set>[{}]", () => constant("set()")) },
      { weight: 1, arbitrary: wrap("frozenset[{}]", () => constant("frozenset()")) },
      { weight: 2, arbitrary: wrap("dict[str, {}]", (value) => write('{"k": {}}', value)) },
      { weight: 1, arbitrary: wrap("<typing.Mapping>[str, {}]", () => constant("{}")) },
      { weight: 1, arbitrary: wrap("<typing.Tuple>[{}, ...]", (value) => write("({},)", value)) },
      { weight: 1, arbitrary: wrap("<typing.Annotated>[{}, 'x']", (value) => value) },
      { weight: 1, arbitrary: wrap("<typing.Iterable>[{}]", list) },
      {
        weight: 1,
        arbitrary: typed(
          inner.map((each) => write("dict[int, {}]", each.type)),
          oneOf("{1: 2}", "{}"),
        ),
      },
      {
        weight: 2,
        arbitrary: fc
          .tuple(inner, inner)
          .map(([a, b]) => ({ type: write("<typing.Union>[{}, {}]", a.type, b.type), value: b.value })),
      },
      {
        weight: 1,
        arbitrary: fc.tuple(inner, inner).map(([a, b]) => ({ type: write("{} | {}", a.type, b.type), value: a.value })),
      },
      {
        weight: 1,
        arbitrary: fc.tuple(inner, inner).map(([a, b]) => ({
          type: write("tuple[{}, {}]", a.type, b.type),
          value: write("({}, {})", a.value, b.value),
        })),
      },
      {
        weight: 1,
        arbitrary: fc
          .tuple(plain, inner)
          .map(([a, b]) => ({ type: write("<typing.Dict>[{}, {}]", a.type, b.type), value: constant("{}") })),
      },
      {
        weight: 1,
        arbitrary: fc.nat(3).map((index) => ({
          type: (world: World) => `${world.out("typing.List")}["${world.own("model", index)?.text ?? "int"}"]`,
          value: constant("[]"),
        })),
      },
    ),
  }
}).type
