import { anything, instance, schemaType, type Type } from "./type.ts"
import { canonical } from "../names/outside.ts"

/** What a subscripted outside type is: how its arguments become a schema. */
export type Generic =
  | "array"
  | "set"
  | "tuple"
  | "map"
  | "counter"
  | "union"
  | "optional"
  | "literal"
  | "annotated"
  | "inner"
  | "callable"
  | "any"
  | "instance"
  | "default-map"
  | "json"
  | "path"
  | "regex"

const arrays =
  "builtins.list typing.List typing.Sequence abc.Sequence typing.MutableSequence abc.MutableSequence typing.Iterable abc.Iterable typing.Deque collections.deque"
const sets =
  "builtins.set typing.Set builtins.frozenset typing.FrozenSet typing.AbstractSet abc.Set typing.MutableSet abc.MutableSet"
const maps =
  "builtins.dict typing.Dict typing.Mapping abc.Mapping typing.MutableMapping abc.MutableMapping typing.OrderedDict collections.OrderedDict"

const instanceGenerics =
  "typing.Collection abc.Collection typing.Iterator abc.Iterator typing.Awaitable abc.Awaitable typing.AsyncIterator abc.AsyncIterator typing.ContextManager"
const instances = `${instanceGenerics} builtins.bytearray builtins.range builtins.Exception builtins.memoryview builtins.ValueError
 datetime.timezone datetime.tzinfo logging.Logger typing.LiteralString typing.ByteString typing.SupportsInt typing.SupportsFloat
 typing.Sized typing.Container typing.IO typing.TextIO typing.BinaryIO asyncio.Queue queue.Queue numbers.Number types.ModuleType
 types.FunctionType types.SimpleNamespace collections.ChainMap`

const generics: ReadonlyMap<string, Generic> = new Map<string, Generic>([
  ...entries<Generic>(arrays, "array"),
  ...entries<Generic>(sets, "set"),
  ...entries<Generic>(maps, "map"),
  ...entries<Generic>("builtins.tuple typing.Tuple", "tuple"),
  ...entries<Generic>("typing.Counter collections.Counter", "counter"),
  ...entries<Generic>("typing.Union", "union"),
  ...entries<Generic>("typing.Optional", "optional"),
  ...entries<Generic>("typing.Literal", "literal"),
  ...entries<Generic>("typing.Annotated", "annotated"),
  ...entries<Generic>("typing.Required typing.NotRequired", "inner"),
  ...entries<Generic>("typing.Callable abc.Callable", "callable"),
  ...entries<Generic>("builtins.type typing.Type", "any"),
  ...entries<Generic>(instanceGenerics, "instance"),
  ...entries<Generic>("typing.DefaultDict collections.defaultdict", "default-map"),
  ...entries<Generic>("pydantic.Json", "json"),
  ...entries<Generic>("os.PathLike", "path"),
  ...entries<Generic>("re.Pattern typing.Pattern", "regex"),
])

const text = (format: string): Type => schemaType({ format, type: "string" })
const integer = (limits: Record<string, number> = {}): Type => schemaType({ ...limits, type: "integer" }, "number")
const number = (limits: Record<string, number> = {}): Type => schemaType({ ...limits, type: "number" }, "number")
const plainText = schemaType({ type: "string" }, "text")
const truth = schemaType({ type: "boolean" })
const list = schemaType({ items: {}, type: "array" }, "array")
const set = schemaType({ items: {}, type: "array", uniqueItems: true }, "array")
const map = schemaType({ additionalProperties: true, type: "object" }, "object")
const secret = schemaType({ format: "password", type: "string", writeOnly: true })
const decimal = schemaType({
  anyOf: [{ type: "number" }, { pattern: String.raw`^(?!^[-+.]*$)[+-]?0*\d*\.?\d*$`, type: "string" }],
})
const url = (maxLength: number | null): Type =>
  schemaType({ format: "uri", minLength: 1, type: "string", ...(maxLength === null ? {} : { maxLength }) })

/** What types from outside the repository look like, as measured with Prefect 3.8.8 and pydantic 2.13. */
const plain: ReadonlyMap<string, Type> = new Map<string, Type>([
  ["builtins.str", plainText],
  ["typing.Text", plainText],
  ["builtins.int", integer()],
  ["builtins.float", number()],
  ["builtins.bool", truth],
  ["builtins.bytes", text("binary")],
  ["builtins.complex", schemaType({ type: "string" })],
  ["types.NoneType", { kind: "null" }],
  ...entries("typing.Any builtins.object builtins.type typing.Type typing.Hashable abc.Hashable", anything),
  ...entries(instances, instance),
  ...entries(arrays, list),
  ...entries(sets, set),
  ...entries(maps, map),
  ...entries("builtins.tuple typing.Tuple", list),
  ...entries(
    "typing.Counter collections.Counter",
    schemaType({ additionalProperties: { type: "integer" }, type: "object" }),
  ),
  ...entries("typing.Callable abc.Callable", { kind: "schemaless" } as const),
  ["datetime.datetime", text("date-time")],
  ["datetime.date", text("date")],
  ["datetime.time", text("time")],
  ["datetime.timedelta", text("duration")],
  ["decimal.Decimal", decimal],
  ["uuid.UUID", text("uuid")],
  ...entries("pathlib.Path pathlib.PurePath pathlib.PosixPath", text("path")),
  ...entries("pathlib.PurePosixPath os.PathLike", text("path")),
  ...entries("re.Pattern typing.Pattern", text("regex")),
  ["ipaddress.IPv4Address", text("ipv4")],
  ["ipaddress.IPv6Address", text("ipv6")],
  ["ipaddress.IPv4Network", text("ipv4network")],
  ["ipaddress.IPv6Network", text("ipv6network")],
  ["ipaddress.IPv4Interface", text("ipv4interface")],
  ["ipaddress.IPv6Interface", text("ipv6interface")],
  ["fractions.Fraction", text("fraction")],
  ["typing.DefaultDict", map],
  ["typing.AnyStr", { kind: "union", members: [text("binary"), plainText] }],
  ["zoneinfo.ZoneInfo", text("zoneinfo")],
  ["pydantic.SecretStr", secret],
  ["pydantic.SecretBytes", secret],
  ...entries("pydantic.HttpUrl pydantic.WebsocketUrl", url(2083)),
  ...entries(
    `pydantic.AnyUrl pydantic.AnyHttpUrl pydantic.AnyWebsocketUrl pydantic.FileUrl pydantic.FtpUrl pydantic.CockroachDsn
     pydantic.AmqpDsn pydantic.RedisDsn pydantic.KafkaDsn pydantic.MySQLDsn pydantic.MariaDBDsn pydantic.ClickHouseDsn
     pydantic.SnowflakeDsn`,
    url(null),
  ),
  ...entries(
    "pydantic.PostgresDsn pydantic.MongoDsn pydantic.NatsDsn",
    schemaType({ format: "multi-host-uri", minLength: 1, type: "string" }),
  ),
  ["pydantic.IPvAnyAddress", text("ipvanyaddress")],
  ["pydantic.IPvAnyNetwork", text("ipvanynetwork")],
  ["pydantic.IPvAnyInterface", text("ipvanyinterface")],
  ["pydantic.Json", schemaType({ contentMediaType: "application/json", contentSchema: {}, type: "string" })],
  [
    "pydantic.ByteSize",
    schemaType({
      anyOf: [
        { pattern: String.raw`^\s*(\d*\.?\d+)\s*(\w+)?`, type: "string" },
        { minimum: 0, type: "integer" },
      ],
    }),
  ],
  ...entries("pydantic.Base64Str pydantic.Base64Bytes", text("base64")),
  ...entries("pydantic.Base64UrlStr pydantic.Base64UrlBytes", text("base64url")),
  ["pydantic.ImportString", schemaType({ type: "string" })],
  ["pydantic.PositiveInt", integer({ exclusiveMinimum: 0 })],
  ["pydantic.NonNegativeInt", integer({ minimum: 0 })],
  ["pydantic.NegativeInt", integer({ exclusiveMaximum: 0 })],
  ["pydantic.NonPositiveInt", integer({ maximum: 0 })],
  ["pydantic.PositiveFloat", number({ exclusiveMinimum: 0 })],
  ["pydantic.NonNegativeFloat", number({ minimum: 0 })],
  ["pydantic.NegativeFloat", number({ exclusiveMaximum: 0 })],
  ["pydantic.NonPositiveFloat", number({ maximum: 0 })],
  ["pydantic.StrictInt", integer()],
  ["pydantic.StrictFloat", number()],
  ["pydantic.StrictStr", plainText],
  ["pydantic.StrictBool", truth],
  ["pydantic.StrictBytes", text("binary")],
  ["pydantic.FiniteFloat", number()],
  ["pydantic.FilePath", text("file-path")],
  ["pydantic.DirectoryPath", text("directory-path")],
  ["pydantic.NewPath", text("path")],
  ["pydantic.SocketPath", text("path")],
  ...["1", "3", "4", "5", "6", "7", "8"].map((kind): [string, Type] => [`pydantic.UUID${kind}`, text(`uuid${kind}`)]),
  ...entries("pydantic.PastDatetime pydantic.FutureDatetime", text("date-time")),
  ["pydantic.AwareDatetime", text("date-time")],
  ["pydantic.NaiveDatetime", text("date-time")],
  ["pydantic.PastDate", text("date")],
  ["pydantic.FutureDate", text("date")],
])

export function plainType(path: string): Type | null {
  return plain.get(canonical(path)) ?? null
}

export function genericKind(path: string): Generic | null {
  return generics.get(canonical(path)) ?? null
}

function entries<T>(paths: string, value: T): [string, T][] {
  return paths.split(/\s+/u).map((path) => [path, value])
}
