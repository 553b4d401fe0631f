import Foundation
import TestSupport
import Testing
import WorldModel

@testable import PluginHost

@Suite struct TomlTests {
  private struct NotThere: Error {}

  @Test func everyKindOfValueWithItsLine() throws {
    let table = try Toml.parse(
      text: """
        # a comment
        whole = 42
        hexadecimal = 0xFF
        number = -1.5e3
        yes = true
        text = "grüße \\u00e9\\u0000!"
        when = 1979-05-27T07:32:00Z
        list = [1, 2.5,
          "three", [false]]
        """, name: "t.toml")
    #expect(table.keys == ["whole", "hexadecimal", "number", "yes", "text", "when", "list"])
    #expect(table["whole"] == TomlValue(.integer(42), line: 2))
    #expect(table["hexadecimal"] == TomlValue(.integer(255), line: 3))
    #expect(table["number"] == TomlValue(.number(-1500), line: 4))
    #expect(table["yes"] == TomlValue(.boolean(true), line: 5))
    #expect(table["text"] == TomlValue(.text("grüße é\0!"), line: 6))
    #expect(table["when"] == TomlValue(.other("1979-05-27T07:32:00Z"), line: 7))
    guard case .list(let items) = try #require(table["list"]).content else { throw NotThere() }
    #expect(items.map(\.line) == [8, 8, 9, 9])
    let list: [OptionValue] = [.integer(1), .number(2.5), .text("three"), .list([.boolean(false)])]
    #expect(table["list"]?.optionValue == .list(list))
    #expect(table["when"]?.optionValue == nil)
  }

  @Test func tablesKeepTheOrderOfTheFile() throws {
    let table = try Toml.parse(
      text: """
        zebra.b = 1
        zebra.a = 2
        [middle]
        inline = { second = 1, first = 2 }
        [[apple]]
        x = 1
        [apple.options]
        y = 2
        [[apple]]
        """, name: "t.toml")
    #expect(table.keys == ["zebra", "middle", "apple"])
    guard case .table(let zebra)? = table["zebra"]?.content,
      case .table(let middle)? = table["middle"]?.content,
      case .table(let inline)? = middle["inline"]?.content,
      case .list(let apples)? = table["apple"]?.content,
      case .table(let first)? = apples.first?.content,
      case .table(let options)? = first["options"]?.content
    else { throw NotThere() }
    #expect(zebra.keys == ["b", "a"])
    #expect(inline.keys == ["second", "first"])
    #expect(apples.map(\.line) == [5, 9])
    #expect(middle.line == 3 && first.line == 5 && options.line == 7)
    #expect(options["y"] == TomlValue(.integer(2), line: 8))
    #expect(table["middle"]?.optionValue == nil)
  }

  @Test func numbersThatAreNone() throws {
    let table = try Toml.parse(text: "a = inf\nb = -inf\nc = nan\nd = 1e-999", name: "t")
    #expect(table["a"]?.content == .number(.infinity))
    #expect(table["b"]?.content == .number(-.infinity))
    guard case .number(let notANumber)? = table["c"]?.content else { throw NotThere() }
    #expect(notANumber.isNaN)
    #expect(table["d"]?.content == .number(0))
  }

  @Test func extremeIntegers() throws {
    let table = try Toml.parse(text: "a = 9_223_372_036_854_775_807\nb = -9223372036854775808", name: "t")
    #expect(table["a"]?.content == .integer(.max))
    #expect(table["b"]?.content == .integer(.min))
  }

  @Test(
    arguments: [
      ("a = 1\nb = 9223372036854775808", 2, "fits 64 bits"),
      ("a = 0xFFFFFFFFFFFFFFFF", 1, "fits 64 bits"),
      ("\na = 1e999", 2, "double precision"),
      ("a = 1\n\nb 2", 3, "missing key-value separator"),
      ("a = ", 1, "missing value"),
      ("a = 1\na = 2", 1, "line 2: value defined twice"),
      ("x = 1\na = \"open", 2, "not a valid string"),
      ("[plugin", 1, "invalid key"),
      ("a = 1__0", 1, "surrounded by digits"),
      ("a = \"\\uD800\"", 1, "not valid UTF-8"),
      ("a = " + String(repeating: "[", count: 50_000), 1, "32 levels"),
      ("x = 1\na" + String(repeating: ".a", count: 20_000) + " = 1", 2, "32 levels"),
      ("a = \"" + String(repeating: "x", count: 70_000) + "\"", nil, "64 KiB"),
      ("a = 1\0", 1, "zero byte"),
    ] as [(String, Int?, String)])
  func refusesWithFileAndLine(text: String, line: Int?, message: String) throws {
    let error = try #require(throws: TomlError.self) { try Toml.parse(text: text, name: "run.toml") }
    #expect(error.line == line)
    #expect(error.message.contains(message), "\(error)")
    #expect("\(error)".hasPrefix(line.map { "run.toml:\($0): " } ?? "run.toml: "))
    #expect(!"\(error)".contains("\n") && !"\(error)".contains("toml::"))
  }

  @Test(arguments: [
    [0x61, 0x3d, 0x22, 0xff, 0x22], [0x23, 0xc0, 0x80], [0x23, 0xed, 0xa0, 0x80], [0x23, 0xe2, 0x82],
    [0x23, 0xf5, 0x80, 0x80, 0x80], [0x23, 0xf0, 0x80, 0x80, 0x80],
  ])
  func refusesBytesThatAreNoUTF8(bytes: [UInt8]) throws {
    let error = try #require(throws: TomlError.self) { try Toml.parse(bytes: [0x0a] + bytes, name: "t") }
    #expect(error.line == 2)
    #expect(error.message.contains("UTF-8"))
  }

  @Test func bracketsWithinTextAndCommentsAreNoNesting() throws {
    let brackets = String(repeating: "[.", count: 200)
    let text = "# \(brackets)\na = \"\\\"\(brackets)\"\nb = '\(brackets)'\nc = '''\n\(brackets)'''\nd = 1"
    let table = try Toml.parse(text: text, name: "t")
    #expect(table["b"]?.content == .text(brackets))
    #expect(table["d"] == TomlValue(.integer(1), line: 6))
  }

  @Test func emptyTextIsAnEmptyTable() throws {
    for text in ["", "\n\n", "# only a comment", "\u{feff}"] {
      #expect(try Toml.parse(text: text, name: "t").keys.isEmpty)
    }
  }

  @Test func filesAndWhatIsNone() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/a.toml"
      try "x = 1\r\ny = 2\r\n".write(toFile: path, atomically: true, encoding: .utf8)
      #expect(try Toml.parse(path: path)["y"] == TomlValue(.integer(2), line: 2))
      try Data().write(to: URL(fileURLWithPath: path))
      #expect(try Toml.parse(path: path).keys.isEmpty)
      let missing = try #require(throws: TomlError.self) { try Toml.parse(path: folder + "/none.toml") }
      #expect("\(missing)" == "\(folder)/none.toml: cannot open the file: No such file or directory")
      let directory = try #require(throws: TomlError.self) { try Toml.parse(path: folder) }
      #expect(directory.message == "expected a file, found a folder")
      #expect(throws: TomlError.self) { try Toml.parse(path: "a\0b") }
    }
  }

  @Test func everyCutOfAFileIsReadOrRefused() throws {
    let text = try String(contentsOfFile: BuildFolder.repository + "/plugins.toml", encoding: .utf8)
    let bytes = Array(text.utf8)
    var refused = 0
    for end in stride(from: 0, to: bytes.count, by: 7) {
      do { _ = try Toml.parse(bytes: Array(bytes[..<end]), name: "cut") } catch is TomlError { refused += 1 }
    }
    #expect(refused > 10)
  }
}
