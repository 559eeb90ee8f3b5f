/** A flow for the comparison with real Prefect. */
export interface Case {
  readonly title: string
  readonly files: Readonly<Record<string, string>>
  readonly path: string
  readonly object: string
  readonly environment?: Readonly<Record<string, string>>
  /** Whether Lockstep must know everything about it; if not, it may also say honestly that it can't. */
  readonly decided: boolean
}

/** A case of one parameter list, with what stands above the flow. */
function signature(parameters: string, above = "", decided = true): Case {
  const source = `${above}\nfrom prefect import flow\n\n@flow\ndef my_flow(${parameters}):\n    pass\n`
  return {
    title: `${parameters} ${above.split("\n")[0] ?? ""}`,
    files: { "flows.py": source },
    path: "flows.py",
    object: "my_flow",
    decided,
  }
}

function source(title: string, text: string, decided = true): Case {
  return { title, files: { "flows.py": text }, path: "flows.py", object: "my_flow", decided }
}

function files(title: string, texts: Readonly<Record<string, string>>, path: string, decided = true): Case {
  return { title, files: texts, path, object: "my_flow", decided }
}

/** The parts of `text` between lines of `---`. */
function split(text: string): string[] {
  return text
    .trim()
    .split(/\n---\n/u)
    .map((part) => part.replace(/^\n+/u, ""))
}

const typing = "from typing import *\nimport typing as t"
const plain = split(`
a
---
a, b, c
---
a=1, b="s", c=None, d=True, e=1.5, f=-3, g=-0.25
---
a: int, b: float, c: bool, d: str, e: bytes
---
a: str = None
---
a: int = 1_000, b: int = 0x1F, c: int = 0o17, d: int = 0b101, e: float = 1e3, f: float = .5
---
a: int = 2 ** 10, b: int = 60 * 60, c: float = 1 / 4, d: int = 7 // 2, e: int = -7 // 2, f: int = -7 % 3
---
a: int = 123456789012345678901234567890
---
a: list = [], b: dict = {}, c: tuple = (), d: set = set()
---
a: list = [1, "x", None, [True]], b: dict = {"k": {"n": 1}}, c: tuple = (1, 2)
---
a: set = {3, 1, 2}, b: frozenset = frozenset(["b", "a"])
---
a: list[int], b: dict[str, int], c: tuple[int, ...], d: tuple[int, str], e: set[str], f: frozenset[int]
---
a: int | None = None, b: str | int | None = 3, c: None | int = None
---
a: list[str] | None = None, b: dict | None = None
---
a: dict[str, list[int]] = {"x": [1]}
---
a: dict[int, str], b: dict[str, dict[str, float]]
---
a, /, b, *, c
---
*args, **kwargs
---
a: int, *args: str, b: int = 1, **kwargs: float
---
a: object, b: type, c: list[object]
---
schema: int, json: str = "x", copy: bool = False, dict: int = 1, model_fields: int = 2
---
a: "int", b: "str | None" = None, c: "list[int]" = []
---
a: list["int"]
---
a: list["Unknown"]
---
a: str = "line\\nbreak \\u00e4 \\x41 \\101 \\q", b: str = r"raw\\n", c: str = 'it''s', d: str = """multi"""
---
a: str = "a" "b", b: str = "x" + "y"
---
a: bytes = b"ab\\x00"
---
a: bool = not True
---
a: int = ...
---
a: str = f"x{1}y{{z}}"
---
a = [1, 2][0], b = {"k": "v"}["k"], c = (1, 2)[-1]
---
a=list((1, 2)), b=dict(x=1), c=tuple([1]), d=list()
---
a: complex
---
a: Exception = None, b: bytearray = None, c: range = None
---
a: float = 1
---
a: None, b: None = None
---
a: list = [1] + [2], b: tuple = (1,) + (2,)
`).map((parameters) => signature(parameters))

const typed = split(`
a: Optional[int], b: Optional[str] = None, c: Optional[List[str]] = None
---
a: Union[int, str], b: Union[int, str, None], c: Union[None, int], d: Union[int, Optional[str]] = None
---
a: List, b: Dict, c: Tuple, d: Set, e: FrozenSet, f: Sequence, g: Mapping, h: Iterable
---
a: List[int], b: Dict[str, Any], c: Tuple[int, str], d: Set[int], e: Sequence[str], f: Mapping[str, int], g: Iterable[int]
---
a: List[List[int]], b: Dict[str, List[Dict[str, int]]]
---
a: Any, b: Optional[Any] = None, c: List[Any] = None
---
a: Literal["a", "b"], b: Literal["x"], c: Literal[1, 2, 3], d: Literal["a", 1], e: Literal[True, False], f: Literal[None]
---
a: Optional[Literal["a", "b"]] = None, b: List[Literal["x", "y"]] = ["x"]
---
a: Literal["a", "a", "b"], b: Literal[1, True]
---
a: Callable, b: Callable[[int], str], c: Optional[Callable], d: Union[Callable, str], e: List[Callable] = None
---
a: Union[Callable, str, None] = None
---
a: Type[int], b: Type
---
a: t.Optional[t.List[int]] = None, b: t.Any = None
---
a: Annotated[int, "doc"], b: Annotated[Optional[str], "doc"] = None
---
a: Union[int], b: Union[int, int], c: Union[List[int], List[str]]
---
a: Deque[int], b: List[bool], c: OrderedDict[str, int], d: Counter[str]
---
a: Optional["int"] = None
---
a: List[Optional[int]], b: Tuple[Optional[int], ...]
---
a: Tuple[()], b: Tuple[int]
---
a: Hashable, b: Collection[int], c: Iterator[int]
---
a: Text
---
a: Pattern[str]
---
a: AbstractSet[int], b: MutableMapping[str, int]
---
a: SupportsInt
---
a: NoReturn
---
a: Dict[Literal["a", "b"], int], b: Dict[str, Any] = {"a": 1}
---
a: Union[int, None] | str, b: "Union[int, None]" = None
---
a: Dict[str, Union[int, str, List[int]]]
`).map((parameters, index) => signature(parameters, typing, ![20, 21, 23, 24, 25].includes(index)))

const moments =
  "import datetime\nimport datetime as dt\nfrom datetime import date, datetime as when, timedelta, time, timezone"
const others = [
  signature('a: int = int("3")', "", false),
  signature('a: float = float("inf")', "", false),
  signature('a: "int" = 1, b: "Nothing" = 2', "", false),
  signature("a: DefaultDict[str, Any]", typing, false),
  signature(
    "a: Union[Annotated[None, 'x'], int], b: Optional[Annotated[Optional[int], 'x']], c: Union[Annotated[Optional[int], 'x'], str]",
    typing,
  ),
  signature("a: int = 1, b: str", "", false),
  signature("a: int, Config: int = 3", "", false),
  signature("a: date, b: when, c: timedelta, d: time", moments),
  signature("a: datetime.date = None, b: dt.datetime | None = None", moments),
  signature(
    "a: date = date(2024, 2, 29), b: when = when(2024, 1, 2, 3, 4, 5), c: when = when(2024, 1, 1, tzinfo=timezone.utc)",
    moments,
  ),
  signature(
    "a: when = when(2024, 1, 1, 1, 2, 3, 45), b: time = time(9, 30), c: when = dt.datetime(year=2024, month=1, day=1)",
    moments,
  ),
  signature(
    "a: timedelta = timedelta(days=1), b: timedelta = timedelta(minutes=5), c: timedelta = timedelta(hours=25, seconds=1), d=timedelta(0), e=timedelta(weeks=2)",
    moments,
  ),
  signature("a: timedelta = timedelta(days=400)", moments, false),
  signature("a: timedelta = timedelta(hours=1.5)", moments, false),
  signature("a: date = date.today()", moments, false),
  signature("a: list[date] = [date(2024, 1, 1)]", moments),
  signature("a: dict[date, int] = {}", moments),
  signature("a: Decimal, b: Decimal | None = None, c: Decimal = Decimal('1.50')", "from decimal import Decimal"),
  signature(
    "a: UUID, b: uuid.UUID = None, c: UUID = UUID('12345678-1234-5678-1234-567812345678')",
    "import uuid\nfrom uuid import UUID",
  ),
  signature(
    "a: Path, b: pathlib.Path = Path('a/b'), c: Path = Path('/data'), d: Path = Path('x.csv')",
    "import pathlib\nfrom pathlib import Path",
  ),
  signature("a: Path = Path('a//b'), b: Path = Path('./c')", "from pathlib import Path", false),
  signature("a: Path = Path('a') / 'b'", "from pathlib import Path", false),
  signature(
    "a: SecretStr, b: HttpUrl, c: AnyUrl = None, d: PositiveInt = 1",
    "from pydantic import SecretStr, HttpUrl, AnyUrl, PositiveInt",
  ),
  signature("a: pydantic.SecretStr = None", "import pydantic"),
  signature("a: SecretStr = SecretStr('x')", "from pydantic import SecretStr", false),
  signature(
    "a: Sequence[int], b: Mapping[str, int] = None, c: Callable = None",
    "from collections.abc import Sequence, Mapping, Callable",
  ),
  signature(
    "a: re.Pattern, b: ipaddress.IPv4Address, c: ZoneInfo",
    "import re, ipaddress\nfrom zoneinfo import ZoneInfo",
  ),
  signature("a: UserId, b: UserId = 3", "from typing import NewType\nUserId = NewType('UserId', int)"),
  signature("a: Choice = 'a', b: Choice | None = None", "from typing import Literal\nChoice = Literal['a', 'b']"),
  signature("a: Names = None", "from typing import List, Optional\nNames = Optional[List[str]]"),
  signature("a: X", "from typing import TypeAlias\nX: TypeAlias = dict[str, int]"),
  signature("a: list[Both]", "from typing import Literal\nA = Literal['a']\nBoth = Literal[A, 'b']"),
  signature("a: logging.Logger = None", "import logging"),
  signature("a: T", "from typing import TypeVar\nT = TypeVar('T')"),
  signature("a: T", "from typing import TypeVar\nT = TypeVar('T', bound=int)", false),
  signature("a=helper, b=Plain, c=[helper], d: int = helper", "def helper(): pass\nclass Plain: pass"),
  signature("a=lambda: 1, b=print", "", false),
  signature("a: Unseen", "from colorsys import *\nclass Unseen: pass", true),
  signature("a: Plain, b: list[Plain] = []", "class Plain:\n    def __init__(self): pass", true),
  signature("a: Plain = Plain()", "class Plain: pass", false),
  signature("a: Text", "class Text(str): pass", false),
]

const fields =
  "from typing import Annotated, Optional, List\nfrom annotated_types import Len\nfrom pydantic import Field"
const annotated = split(`
a: Annotated[int, Field(ge=1, le=5, description="d")] = 2
---
a: int = Field(default=3, ge=1, description="d")
---
a: int = Field(3, title="T"), b: str = Field(..., description="needed"), c: list = Field(default_factory=list)
---
a: Annotated[str, Len(1, 5)], b: Annotated[str, Len(max_length=3)], c: Annotated[list[int], Len(2)]
---
a: Annotated[str, Field(min_length=1, max_length=5, pattern="^a", title="t")] = "a"
---
a: Annotated[List[int], Field(min_length=1)], b: Annotated[Optional[int], Field(gt=0)] = None
---
a: Optional[Annotated[int, Field(ge=1, description="d", title="t")]] = None
---
a: Annotated[int, Field(examples=[1], json_schema_extra={"x": 1})] = 1
---
a: int = Field(default=1, json_schema_extra={"position": 9, "widget": "slider"})
---
a: Annotated[int, Field(multiple_of=2, lt=10)], b: Annotated[float, Field(gt=0.5)] = 1.0
---
a: Annotated[int, Field(description="lost")]
---
a: Annotated[dict[str, int], Field(min_length=1)] = {"a": 1}
---
a: Annotated[Annotated[int, Field(ge=1)], Field(le=9)]
---
a: int = Field(description="only described")
`).map((parameters) => signature(parameters, fields))

const enums = "from enum import Enum, IntEnum, auto, unique\nfrom typing import Optional, List, Literal, Dict\n"
const color = `${enums}class Color(Enum):\n    RED = "red"\n    BLUE = "blue"\n`
const enumCases = [
  signature("a: Color, b: Color = Color.RED, c: Optional[Color] = None, d: List[Color] = [Color.BLUE]", color),
  signature("a=Color.RED, b=Color.RED.value, c=Color.RED.name, d=[Color.BLUE]", color),
  signature("Color: Color", color, false),
  signature(
    "color: Color",
    `${enums}class Color(str, Enum):\n    """The colours.\n\n    Two of them.\n    """\n    RED = "red"\n`,
  ),
  signature("a: Level = Level.LOW", `${enums}class Level(IntEnum):\n    LOW = 1\n    HIGH = 2\n`),
  signature("a: Level", `${enums}class Level(int, Enum):\n    LOW = 1\n`),
  signature("a: Level = Level.A", `${enums}class Level(Enum):\n    A = auto()\n    B = auto()\n`),
  signature("a: Mixed", `${enums}class Mixed(Enum):\n    A = 1\n    B = "b"\n`),
  signature("a: Real", `${enums}class Real(Enum):\n    A = 1.5\n    B = 2.5\n`),
  signature("a: Mode", `from enum import StrEnum, auto\nclass Mode(StrEnum):\n    FAST = auto()\n    SLOW = "slow"\n`),
  signature("a: Literal[Color.RED], b: Dict[Color, int], c: Dict[str, Color]", color),
  signature(
    "a: Color",
    `${enums}@unique\nclass Color(Enum):\n    A = 1\n    def label(self):\n        return self.name\n    @property\n    def other(self):\n        return 1\n`,
  ),
  signature("a: Alias", `${enums}class Alias(Enum):\n    A = 1\n    B = 1\n`),
  signature("a: Odd, b=Odd.A", `${enums}class Odd(Enum):\n    A = (1, 2)\n    B = [1]\n`),
  signature("a: Odd, b=Odd.A.value", `${enums}class Odd(Enum):\n    A = [1, 2]\n    B = [2]\n`),
  signature("a: Odd", `${enums}class Odd(Enum):\n    A = [1, 2]\n    B = [1, 2]\n`),
  signature(
    "a: Odd = Odd.B, b=Odd.B.name, c=Odd.B.value",
    `${enums}class Odd(Enum):\n    A = 1\n    B = 1\n    C = auto()\n`,
  ),
  signature("a: Odd", `${enums}class Odd(Enum):\n    A = 1\n    B = True\n`, false),
  signature("a: Odd", `${enums}class Odd(Enum):\n    A = 5\n    B = 1\n    C = auto()\n`, false),
  signature(
    "a: Odd = Odd.A, b=Odd.B",
    `${enums}class Odd(Enum):\n    A = {"x": 1}\n    B = ("a", (1, 2))\n    C = "c"\n`,
  ),
  signature("a: Odd", `${enums}class Odd(Enum):\n    A = {"x": 1}\n`),
  signature(
    "a=one, b=two, c=three, d: int = one",
    "from prefect import task, flow\n@task\ndef one(): pass\n@task(name='x')\ndef two(): pass\n@flow\ndef three(): pass",
  ),
  signature("a: Odd", `${enums}class Odd(Enum):\n    A = None\n`),
  signature("a: Odd", `${enums}class Odd(Enum):\n    A = True\n    B = False\n`),
  signature("a: Text", `${enums}class Text(str, Enum):\n    A = 1\n`, false),
  signature("a: 'Color' = Color.RED", color),
  signature("a: Color | None = None, b: Color | str = 'x'", color),
]

const pydantic =
  "from typing import *\nfrom datetime import date\nfrom enum import Enum\nfrom pydantic import BaseModel, Field, ConfigDict, field_validator, model_validator, SecretStr\n"
const models = split(`
a: Config, b: Optional[Config] = None, c: List[Config] = []
===
class Config(BaseModel):
    x: int
    y: str = "a"
    z: Optional[float] = None
---
a: Outer
===
class Inner(BaseModel):
    """An inner one."""
    x: int = 1

class Outer(BaseModel):
    inner: Inner
    others: List[Inner] = []
    maybe: Optional[Inner] = None
    by_name: Dict[str, Inner] = Field(default_factory=dict)
---
a: Child
===
class Base(BaseModel):
    """Base doc"""
    x: int
    y: int = 2

class Child(Base):
    z: str
    x: float
---
a: Config
===
class Config(BaseModel):
    """Settings.

      Indented.
    """
    model_config = ConfigDict(extra="forbid", title="My Config")
    some_long_name: int = Field(..., ge=1, le=10, description="how many", examples=[3])
    other: str = Field("x", min_length=1, title="Other title", alias="otherName")
    flag_2fa: bool = False
---
a: Config
===
class Config(BaseModel):
    class Config:
        extra = "allow"
    _private: int = 3
    CONSTANT: ClassVar[int] = 3
    tags: set[str] = {"b", "a"}
    when: date = date(2024, 1, 1)
    secret: SecretStr
---
a: Node
===
class Node(BaseModel):
    value: int
    next: Optional["Node"] = None
    children: List["Node"] = []
---
a: Config
===
class Config(BaseModel):
    x: int
    kind: Literal["a", "b"] = "a"
    @field_validator("x")
    @classmethod
    def check(cls, v):
        return v
    @model_validator(mode="after")
    def check_all(self):
        return self
    @property
    def double(self):
        return self.x * 2
---
a: Config
===
class Kind(Enum):
    A = "a"
class Config(BaseModel):
    kind: Kind = Kind.A
    kinds: List[Kind] = [Kind.A]
    maybe: Optional[Kind] = None
    described: Kind = Field(Kind.A, description="which")
---
a: Config = Config(x=1, name="n")
===
class Config(BaseModel):
    x: int
    name: str = "d"
    values: List[int] = [1]
    maybe: Optional[str] = None
---
a: Config = Config(z={"k": 1})
===
class Config(BaseModel):
    x: List[str] = Field(default_factory=list)
    y: Dict[str, int] = Field(default_factory=dict)
    z: Dict[str, int] = {}
    w: List[date] = []
---
a: Config = Config()
===
class Inner(BaseModel):
    x: int = 1
class Config(BaseModel):
    inner: Inner = Inner()
---
a: Config = Config(x="1")
===
class Config(BaseModel):
    x: int
---
a: Config
===
class Config(BaseModel):
    x: int
    y: "Later"
class Later(BaseModel):
    z: int
---
a: Config
===
class Config(BaseModel):
    x: Annotated[int, Field(ge=1, description="d")] = 3
    y: Annotated[Optional[str], Field(max_length=3)] = None
    z: Optional[int] = Field(None, ge=0)
    w: Union[int, str] = 1
    v: Any = None
    u: dict = {}
    t: Tuple[int, str] = (1, "a")
---
a: Config
===
class Config(BaseModel):
    x: int
    @field_validator("x", mode="plain")
    @classmethod
    def check(cls, v):
        return v
---
a: Config
===
class Config(BaseModel):
    x: Callable
---
a: Config
===
class Config(BaseModel):
    pass
---
a: Config, c: int = 3
===
class Config(BaseModel):
    model_config = {"frozen": True, "arbitrary_types_allowed": True}
    x: int
---
a: Union[Cat, Dog], b: Annotated[Union[Cat, Dog], Field(discriminator="kind")]
===
class Cat(BaseModel):
    kind: Literal["cat"]
class Dog(BaseModel):
    kind: Literal["dog"]
---
config: Config
===
class Config(BaseModel):
    x: int
    config: Optional["Config"] = None
---
a: Dict[str, Config] = {}, b: Tuple[Config, int] = None, c: Optional[List[Config]] = None
===
class Config(BaseModel):
    x: int = Field(default=1, description="the x")
    y: bool = Field(default=False, deprecated=True)
---
a: Config
===
class Config(BaseModel):
    model_config = ConfigDict(json_schema_extra={"examples": [{"x": 1}]})
    x: int
---
a: Config
===
T = TypeVar("T")
class Config(BaseModel, Generic[T]):
    x: T
---
a: Config
===
class Config(BaseModel):
    date: date
    other: int
---
a: Config = Field(default=None, description="A config")
===
class Config(BaseModel):
    """A config"""
    x: int
`).map((text, index) => {
  const [parameters = "", above = ""] = text.split("\n===\n")
  return signature(parameters, pydantic + above, ![10, 11, 14, 18, 21, 22, 23].includes(index))
})

const records = split(`
a: Point, b: Point = Point(1, 2)
===
@dataclass
class Point:
    x: int
    y: int = 2
---
a: Point, b: Optional[Point] = None
===
@dataclass(frozen=True)
class Point:
    """A point."""
    x: int
    names: List[str] = field(default_factory=list)
    label: str = field(default="l", repr=False)
---
a: Child
===
@dataclass
class Base:
    x: int
@dataclass
class Child(Base):
    y: str = "a"
    z: ClassVar[int] = 3
---
a: Movie
===
class Movie(TypedDict):
    """A film."""
    title: str
    year: int
---
a: Movie, b: List[Movie] = []
===
class Base(TypedDict):
    id: int
class Movie(Base, total=False):
    title: str
    year: Required[int]
    note: NotRequired[str]
---
a: Pair
===
class Pair(NamedTuple):
    x: int
    y: str = "a"
---
a: Point = Point(x=1)
===
@dataclass
class Point:
    x: int
    y: int = 2
---
a: Point
===
@dataclass
class Point:
    x: int
    def __post_init__(self):
        self.x = 3
`).map((text, index) => {
  const [parameters = "", above = ""] = text.split("\n===\n")
  const head =
    "from dataclasses import dataclass, field\nfrom typing import List, Optional, ClassVar, NamedTuple\nfrom typing_extensions import TypedDict, Required, NotRequired\n"
  return signature(parameters, head + above, ![0, 5].includes(index))
})

export const signatures: readonly Case[] = [
  ...plain,
  ...typed,
  ...others,
  ...annotated,
  ...enumCases,
  ...models,
  ...records,
]

export const sources: readonly Case[] = [
  source("a bare decorator", "from prefect import flow\n@flow\ndef my_flow(): pass\n"),
  source("an empty call", "from prefect import flow\n@flow()\nasync def my_flow(): pass\n"),
  source(
    "name and description",
    'from prefect import flow\n@flow(name="My Flow", description="What it does", retries=3, log_prints=True)\ndef my_flow():\n    """Other."""\n',
  ),
  source(
    "empty name and description",
    'from prefect import flow\n@flow(name="", description="")\ndef my_flow():\n    """Doc."""\n',
  ),
  source("None name", "from prefect import flow\n@flow(name=None, description=None)\ndef my_flow(): pass\n"),
  source("an alias", "from prefect import flow as prefect_flow\n@prefect_flow(name='x')\ndef my_flow(): pass\n"),
  source("from prefect.flows", "from prefect.flows import flow\n@flow\ndef my_flow(): pass\n"),
  source("import prefect", "import prefect\n@prefect.flow(name='x')\ndef my_flow(): pass\n"),
  source("import prefect as p", "import prefect as p\n@p.flow\ndef my_flow(): pass\n"),
  source("prefect.flows.flow", "import prefect.flows\n@prefect.flows.flow\ndef my_flow(): pass\n"),
  ...[
    ["a wrapper of flow with settings of its own", '@flow(name="w", description="d")'],
    ["a wrapper of flow, bare", "@flow"],
    ["a wrapper of flow, called with nothing", "@flow()"],
  ].map(([title = "", decorator = ""]) =>
    source(
      title,
      `import prefect\ndef flow(*args, retries=3, **kwargs):\n    """Own settings."""\n    return prefect.flow(*args, retries=retries, **kwargs)\n${decorator}\ndef my_flow(a: int): pass\n`,
    ),
  ),
  source(
    "a wrapper of a wrapper of flow",
    'from prefect import flow\ndef inner(fn=None, **kw): return flow(fn, log_prints=True, **kw)\ndef outer(name="o", **kw):\n    return inner(name=name, description="from outer", **kw)\n@outer(name="x")\ndef my_flow(a: int): pass\n',
  ),
  source(
    "a wrapper's own default for the name",
    'from prefect import flow\ndef named(name="from the default"):\n    return flow(name=name)\n@named()\ndef my_flow(a: int): pass\n',
  ),
  source(
    "a wrapper that makes a name of its argument",
    'from prefect import flow\ndef named(name):\n    return flow(name=f"etl-{name}")\n@named("x")\ndef my_flow(a: int): pass\n',
    false,
  ),
  source(
    "a wrapper that does more",
    'from prefect import flow\ndef named(name):\n    name = name + "!"\n    return flow(name=name)\n@named("x")\ndef my_flow(a: int): pass\n',
    false,
  ),
  source(
    "a wrapper that takes no such argument",
    'from prefect import flow\ndef named():\n    return flow(name="x")\n@named("y")\ndef my_flow(a: int): pass\n',
    false,
  ),
  source(
    "names bound below `with`",
    'import contextlib\nwith contextlib.nullcontext() as nothing:\n    from prefect import flow\n    A = "a"\n@flow(name=A)\ndef my_flow(x=A): pass\n',
  ),
  source(
    "a name bound below a `with` that swallows errors",
    'import contextlib\nA = "a"\nfrom prefect import flow\nwith contextlib.suppress(KeyError):\n    {}["x"]\n    A = "b"\n@flow(name=A)\ndef my_flow(x=A): pass\n',
    false,
  ),
  source(
    "a stand-in where Prefect isn't installed",
    "try:\n    from prefect import flow\nexcept ImportError:\n    def flow(fn): return fn\n@flow\ndef my_flow(a: int): pass\n",
  ),
  source(
    "a stand-in that is chosen by a condition",
    'import os\nif os.environ.get("SKIP") == "true":\n    def flow(*_, **__): return lambda x: x\nelse:\n    from prefect import flow\n@flow(name="x")\ndef my_flow(a: int): pass\n',
  ),
  source(
    "another flow that is chosen by a condition",
    "from prefect import flow\nimport os\nif os.environ.get('OTHER'):\n    from prefect import task as flow\n@flow\ndef my_flow(a: int): pass\n",
    false,
  ),
  source(
    "methods of texts",
    'from prefect import flow\nA = "an_Old name"\n@flow(name=f"{A.capitalize()}|{A.upper()}|{A.lower()}|{A.title()}" + " x ".strip())\ndef my_flow(x: str = A.replace("_", "-"), y: str = A.removeprefix("an_"), z: str = A.removesuffix("")): pass\n',
  ),
  source(
    "a method of a text beyond ASCII",
    'from prefect import flow\n@flow(name="stra\u00dfe".upper())\ndef my_flow(): pass\n',
    false,
  ),
  source(
    "lists of ranges",
    "from prefect import flow\n@flow\ndef my_flow(a: list = list(range(3)), b: list = list(range(2, 9, 3)), c: tuple = tuple(range(5, 0, -2)), d: list = list(range(3, 1))): pass\n",
  ),
  source(
    "a name from constants",
    'from prefect import flow\nA = "a"\nB = f"{A}-b-{1}"\n@flow(name=B + "-c", description="x" "y")\ndef my_flow(): pass\n',
  ),
  source("an annotated constant", 'from prefect import flow\nA: str = "a"\n@flow(name=A)\ndef my_flow(): pass\n'),
  source(
    "a constant set twice",
    'from prefect import flow\nA = "a"\nA = "b"\n@flow(name=A)\ndef my_flow(x=A): pass\nA = "c"\n',
  ),
  source(
    "a constant set below a condition",
    'from prefect import flow\nA = "a"\nif len("x") == 1:\n    A = "b"\n@flow(name=A)\ndef my_flow(): pass\n',
    false,
  ),
  source(
    "a constant from the environment",
    'import os\nfrom prefect import flow\nA = os.getenv("NOTHING_HERE", "d")\n@flow(name=A)\ndef my_flow(x=A): pass\n',
    false,
  ),
  source(
    "a constant that a function changes",
    'from prefect import flow\nA = "a"\ndef change():\n    global A\n    A = "b"\nchange()\n@flow(name=A)\ndef my_flow(): pass\n',
    false,
  ),
  ...[
    ["a loop", 'A = {"a": 1}', 'for A["a"] in [2]: pass'],
    ["an item with a type", 'A = {"a": 1}', 'A["a"]: int = 2'],
    ["an item of a list of targets", 'A = {"a": 1}', 'B, *A["a"] = 1, 2'],
    ["`del`", 'A = {"a": 1}', 'del A["a"]'],
    ["an attribute", "class S:\n    a = 1\nA = S()", "A.a = 2"],
  ].map(([title = "", before = "", change = ""]) =>
    source(
      `a value that a function changes by ${title}`,
      `from prefect import flow\n${before}\ndef change():\n    ${change}\nchange()\n@flow\ndef my_flow(x=${before.includes("class") ? "A.a" : "A"}): pass\n`,
      false,
    ),
  ),
  source(
    "a list that is changed",
    "from prefect import flow\nA = [1]\nA.append(2)\n@flow\ndef my_flow(x: list = A): pass\n",
    false,
  ),
  source(
    "a list that a call changes",
    "from prefect import flow\ndef change(x): x.append(2)\nA = [1]\nchange(A)\n@flow\ndef my_flow(x: list = A): pass\n",
    false,
  ),
  source(
    "a dict that is changed",
    "from prefect import flow\nA = {}\nA['x'] = 1\n@flow\ndef my_flow(x: dict = A): pass\n",
    false,
  ),
  source(
    "constants of containers",
    "from prefect import flow\nA = [1, 2]\nB = {'x': A}\nC = A[0]\n@flow\ndef my_flow(x: list = A, y: dict = B, z: int = C, w=B['x']): pass\n",
  ),
  source(
    "class constants",
    "from prefect import flow\nclass Settings:\n    RETRIES = 3\n    NAME: str = 'n'\n@flow(name=Settings.NAME)\ndef my_flow(x: int = Settings.RETRIES): pass\n",
  ),
  source(
    "a call of flow",
    "from prefect import flow\ndef inner(x: int):\n    '''Doc.'''\nmy_flow = flow(inner, name='called')\n",
  ),
  source(
    "a curried call of flow",
    "from prefect import flow\ndef inner_one(x: int = 1): pass\nmy_flow = flow(name='called')(inner_one)\n",
  ),
  source(
    "a call of flow without name",
    "from prefect import flow\ndef inner_one(x: int = 1): pass\nmy_flow = flow(inner_one)\n",
  ),
  files(
    "a package that the flow's own file hides",
    {
      "flows/publish.py":
        "from publish.snapshot import N\nfrom prefect import flow\n@flow\ndef my_flow(a: int = N): pass\n",
      "publish/__init__.py": "",
      "publish/snapshot.py": "N = 1\n",
    },
    "flows/publish.py",
    false,
  ),
  files(
    "a package that a file beside the flow's hides",
    {
      "flows/my.py": "from publish.snapshot import N\nfrom prefect import flow\n@flow\ndef my_flow(a: int = N): pass\n",
      "flows/publish.py": "",
      "publish/__init__.py": "",
      "publish/snapshot.py": "N = 1\n",
    },
    "flows/my.py",
    false,
  ),
  files(
    "a package whose name the flow's file has, too",
    {
      "kit/kit.py": "from kit.parts import N\nfrom prefect import flow\n@flow\ndef my_flow(a: int = N): pass\n",
      "kit/__init__.py": "",
      "kit/parts.py": "N = 1\n",
    },
    "kit/kit.py",
  ),
  source(
    "the class itself as a decorator",
    "import prefect\n@prefect.Flow\ndef my_flow(a_b: int = 1):\n    '''Doc.'''\n",
  ),
  source(
    "with_options",
    "from prefect import flow\n@flow\ndef inner(): pass\nmy_flow = inner.with_options(name='other')\n",
    false,
  ),
  source("another name for a flow", "from prefect import flow\n@flow(name='x')\ndef inner(): pass\nmy_flow = inner\n"),
  source(
    "a decorator above",
    "from prefect import flow\ndef other(f): return f\n@other\n@flow(name='x')\ndef my_flow(a: int): pass\n",
  ),
  source(
    "a decorator below",
    "import functools\nfrom prefect import flow\ndef other(f):\n    @functools.wraps(f)\n    def inner(*args): pass\n    return inner\n@flow(name='x')\n@other\ndef my_flow(a: int):\n    '''Doc.'''\n",
    false,
  ),
  source(
    "a decorator below that hides",
    "from prefect import flow\ndef other(f):\n    def inner(*args): pass\n    return inner\n@flow\n@other\ndef my_flow(a: int): pass\n",
    false,
  ),
  source(
    "a partial of flow",
    "import functools\nfrom prefect import flow\nmine = functools.partial(flow, name='p')\n@mine\ndef my_flow(): pass\n",
    false,
  ),
  source(
    "an own decorator",
    "from prefect import flow\ndef mine(f): return flow(f, name='own')\n@mine\ndef my_flow(): pass\n",
    false,
  ),
  source(
    "options from a dict",
    "from prefect import flow\nO = {'name': 'x'}\n@flow(**O)\ndef my_flow(): pass\n",
    false,
  ),
  source(
    "a flow set twice",
    "from prefect import flow\n@flow(name='first')\ndef my_flow(): pass\n@flow(name='second')\ndef my_flow(a: int): pass\n",
  ),
  source(
    "a flow below a condition",
    "from prefect import flow\nif True:\n    @flow(name='x')\n    def my_flow(): pass\n",
    false,
  ),
  source(
    "main guard",
    "from prefect import flow\nA = 1\nif __name__ == '__main__':\n    A = 2\n@flow\ndef my_flow(x=A): pass\nif __name__ == '__main__':\n    my_flow()\n",
  ),
  source(
    "lazy annotations",
    "from __future__ import annotations\nfrom typing import Optional\nfrom prefect import flow\n@flow\ndef my_flow(a: int, b: Optional[str] = None, c: list[int] | None = None) -> None: pass\n",
  ),
  source(
    "lazy annotations that name a later class",
    "from __future__ import annotations\nfrom prefect import flow\nfrom pydantic import BaseModel\n@flow\ndef my_flow(a: Later, b: list[Later] = []): pass\nclass Later(BaseModel):\n    x: int\n",
  ),
  source(
    "a text annotation that names a later class",
    "from typing import Optional\nfrom prefect import flow\nfrom pydantic import BaseModel\n@flow\ndef my_flow(a: 'Later', b: Optional['Later'] = None): pass\nclass Later(BaseModel):\n    x: int\n",
  ),
  source(
    "type checking imports and lazy annotations",
    "from __future__ import annotations\nfrom typing import TYPE_CHECKING, Optional\nfrom datetime import date\nfrom prefect import flow\nif TYPE_CHECKING:\n    from decimal import Decimal\n@flow\ndef my_flow(a: Decimal, b: Optional[int], c: int, d: date, e: int | None = None, f: list[Optional[int]] = []): pass\n",
  ),
  source(
    "type checking imports in the result only",
    "from __future__ import annotations\nfrom typing import TYPE_CHECKING, Optional\nfrom prefect import flow\nif TYPE_CHECKING:\n    import pandas as pd\n@flow\ndef my_flow(b: Optional[int], c: int = 1) -> pd.DataFrame: pass\n",
  ),
  source(
    "type checking imports and a text",
    "from typing import TYPE_CHECKING, Optional\nfrom prefect import flow\nif TYPE_CHECKING:\n    import pandas as pd\n@flow\ndef my_flow(a: 'pd.DataFrame', b: Optional[int], c: 'Optional[int]' = 1, d: 'int' = 2): pass\n",
  ),
  source(
    "type checking with else",
    "from typing import TYPE_CHECKING\nfrom prefect import flow\nif TYPE_CHECKING:\n    from decimal import Decimal as X\nelse:\n    X = int\n@flow\ndef my_flow(a: X): pass\n",
  ),
  source(
    "a text in a lazy annotation",
    "from __future__ import annotations\nfrom typing import Optional\nfrom prefect import flow\n@flow\ndef my_flow(a: 'int', b: Optional['str'] = None): pass\n",
  ),
  source(
    "a name shadowed in the module",
    "from prefect import flow\nfrom datetime import date as str\nint = float\n@flow\ndef my_flow(a: int, b: str): pass\n",
  ),
  source(
    "google docstring",
    'from prefect import flow\n@flow\ndef my_flow(a, b: int = 1, *args, c=None):\n    """Summary.\n\n    More text.\n\n    Args:\n        a: The a.\n        b (int, optional): The b\n            goes on.\n          oddly indented\n        *args: rest\n        c : spaced\n\n    Returns:\n        Nothing: at all\n    """\n',
  ),
  source(
    "docstring without empty line above Args",
    'from prefect import flow\n@flow\ndef my_flow(a):\n    """Summary.\n    Args:\n        a: The a.\n    """\n',
  ),
  source(
    "docstring with an empty line below Args",
    'from prefect import flow\n@flow\ndef my_flow(a):\n    """Summary.\n\n    Args:\n\n        a: The a.\n    """\n',
  ),
  source(
    "docstring that starts with Args",
    'from prefect import flow\n@flow\ndef my_flow(a, b):\n    """\n    Args:\n        a: The a.\n\n        b: The b.\n\n    Parameters: titled\n        b: again\n    """\n',
  ),
  source(
    "numpy docstring",
    'from prefect import flow\n@flow\ndef my_flow(a):\n    """Summary.\n\n    Parameters\n    ----------\n    a : int\n        The a.\n    """\n',
  ),
  source(
    "sphinx docstring",
    'from prefect import flow\n@flow\ndef my_flow(a):\n    """Summary.\n\n    :param a: The a.\n    """\n',
  ),
  source(
    "docstring with code and admonitions",
    'from prefect import flow\n@flow\ndef my_flow(a, b):\n    """Summary.\n\n    ```\n    Args:\n        a: not this\n    ```\n\n    Note:\n        Args:\n            a: nor this\n\n    Example: of it\n        a: no\n\n    Args:\n        a: The a: with colon\n        not an item\n        b:\n            below\n    """\n',
  ),
  source(
    "docstring with tabs and odd indents",
    'from prefect import flow\n@flow\ndef my_flow(a):\n    """\n\tTabbed.\n\n\tArgs:\n\t\ta: The a.\n   less\n    """\n',
  ),
  source(
    "a one line docstring with spaces",
    'from prefect import flow\n@flow\ndef my_flow():\n    """   spaced   """\n',
  ),
  source("an escaped docstring", 'from prefect import flow\n@flow\ndef my_flow():\n    "a\\tb\\n  c" "d"\n'),
  source("a raw docstring", 'from prefect import flow\n@flow\ndef my_flow():\n    r"""\\d \\n\n      x\n    """\n'),
  source("an f-string is no docstring", 'from prefect import flow\n@flow\ndef my_flow():\n    f"""doc"""\n'),
  source("an empty docstring", 'from prefect import flow\n@flow\ndef my_flow():\n    """"""\n'),
  source(
    "keyword args section",
    'from prefect import flow\n@flow\ndef my_flow(a, b):\n    """S.\n\n    Args:\n        a: The a.\n\n    Keyword Args:\n        b: The b.\n    """\n',
  ),
  source(
    "empty description item",
    'from prefect import flow\n@flow\ndef my_flow(a):\n    """S.\n\n    Args:\n        a:\n    """\n',
  ),
  source(
    "windows line ends",
    'from prefect import flow\r\n@flow\r\ndef my_flow(a: int = 1):\r\n    """Doc.\r\n\r\n    Args:\r\n        a: The a.\r\n    """\r\n',
  ),
  source("a byte order mark", "\uFEFFfrom prefect import flow\n@flow\ndef my_flow(a: int = 1): pass\n"),
  source("private parameter", "from prefect import flow\n@flow\ndef my_flow(_a: int = 1): pass\n", false),
  source("reserved parameter", "from prefect import flow\n@flow\ndef my_flow(wait_for: int = 1): pass\n", false),
  source("banned name", "from prefect import flow\n@flow(name='a/b')\ndef my_flow(): pass\n", false),
  source("no flow", "def my_flow(): pass\n", false),
  source(
    "two classes of one name",
    "from prefect import flow\nfrom pydantic import BaseModel\nclass A(BaseModel):\n    x: int\nFirst = A\nclass A(BaseModel):\n    y: int\n@flow\ndef my_flow(a: First, b: A): pass\n",
    false,
  ),
  source(
    "a model changed later",
    "from prefect import flow\nfrom enum import Enum\nclass A(Enum):\n    X = 1\nA.Y = 3\n@flow\ndef my_flow(a: A): pass\n",
    false,
  ),
  source(
    "a star import of a known module",
    "from typing import *\nfrom prefect import flow\n@flow\ndef my_flow(a: Optional[int], b: int): pass\n",
  ),
  {
    ...source(
      "a method",
      "from prefect import flow\nclass Flows:\n    @flow\n    def my_flow(self, a: int, b: str = 'x'):\n        '''Doc.'''\n",
    ),
    object: "Flows.my_flow",
  },
  {
    ...source(
      "a static method",
      "from prefect import flow\nclass Flows:\n    @staticmethod\n    @flow(name='s')\n    def my_flow(a: int): pass\n",
    ),
    object: "Flows.my_flow",
    decided: false,
  },
  {
    ...source(
      "a flow of a static method",
      "from prefect import flow\nclass Flows:\n    @flow(name='s')\n    @staticmethod\n    def my_flow(a: int): pass\n",
    ),
    object: "Flows.my_flow",
  },
  {
    ...source(
      "a flow of a class method",
      "from prefect import flow\nclass Flows:\n    @flow\n    @classmethod\n    def my_flow(cls, a: int): pass\n",
    ),
    object: "Flows.my_flow",
  },
  files(
    "constants of a file beside it",
    {
      "flows.py":
        "from constants import NAME, LIMITS\nimport constants as c\nfrom prefect import flow\n@flow(name=NAME)\ndef my_flow(a: list = LIMITS, b=c.OTHER): pass\n",
      "constants.py": "NAME = 'n'\nLIMITS = [1, 2]\nOTHER = NAME + 'x'\n",
    },
    "flows.py",
  ),
  files(
    "a package",
    {
      "flows.py":
        "from pkg import Color, make\nfrom pkg.models import Config\nimport pkg.models\nfrom prefect import flow\n@flow\ndef my_flow(a: Color, b: Config, c: pkg.models.Config = None): pass\n",
      "pkg/__init__.py": "from .types import Color\ndef make(): pass\n",
      "pkg/types.py": "from enum import Enum\nclass Color(Enum):\n    RED = 'red'\n",
      "pkg/models.py":
        "from pydantic import BaseModel\nfrom .types import Color\nclass Config(BaseModel):\n    color: Color = Color.RED\n",
    },
    "flows.py",
  ),
  files(
    "a star import of a file",
    {
      "flows.py": "from constants import *\nfrom prefect import flow\n@flow(name=NAME)\ndef my_flow(a: int): pass\n",
      "constants.py": "NAME = 'n'\n_HIDDEN = 1\n",
    },
    "flows.py",
  ),
  files(
    "a folder without __init__",
    {
      "flows.py":
        "from pkg.consts import NAME\nfrom pkg import consts\nfrom prefect import flow\n@flow(name=NAME)\ndef my_flow(a=consts.NAME): pass\n",
      "pkg/consts.py": "NAME = 'n'\n",
    },
    "flows.py",
  ),
  files(
    "a file below the working folder",
    {
      "a/flows.py":
        "from shared import NAME\nfrom beside import OTHER\nfrom prefect import flow\n@flow(name=NAME)\ndef my_flow(a=OTHER): pass\n",
      "shared.py": "NAME = 'n'\n",
      "a/beside.py": "OTHER = 2\n",
    },
    "a/flows.py",
  ),
  files(
    "a circle of imports",
    {
      "flows.py": "from one import A\nfrom prefect import flow\n@flow\ndef my_flow(a=A): pass\n",
      "one.py": "A = 1\nimport two\n",
      "two.py": "import one\nB = one.A\n",
    },
    "flows.py",
  ),
  files(
    "a flow from another file",
    {
      "flows.py": "from inner import my_flow\n",
      "inner.py": "from prefect import flow\n@flow(name='i')\ndef my_flow(a: int): pass\n",
    },
    "flows.py",
  ),
  files(
    "a decorator from another file",
    {
      "flows.py": "from inner import flow\n@flow(name='i')\ndef my_flow(a: int): pass\n",
      "inner.py": "from prefect import flow\n",
    },
    "flows.py",
  ),
  files(
    "a relative import",
    {
      "flows.py": "from .constants import NAME\nfrom prefect import flow\n@flow(name=NAME)\ndef my_flow(): pass\n",
      "constants.py": "NAME = 'n'\n",
    },
    "flows.py",
  ),
  files(
    "a missing module",
    { "flows.py": "from nowhere_at_all import X\nfrom prefect import flow\n@flow\ndef my_flow(a: X): pass\n" },
    "flows.py",
    false,
  ),
]
