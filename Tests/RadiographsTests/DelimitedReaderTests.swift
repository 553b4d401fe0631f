import Testing

@testable import Radiographs

@Suite struct DelimitedReaderTests {
  private func rows(_ text: String) throws -> [[String]] { try rows(Array(text.utf8)) }

  private func rows(_ bytes: [UInt8]) throws -> [[String]] {
    var reader = try DelimitedReader(bytes)
    var rows: [[String]] = []
    while let record = try reader.next() { rows.append(record.fields) }
    return rows
  }

  @Test(
    arguments: [
      ("", []),
      ("\n\r\n\n", []),
      ("a,b\n1,2\n", [["a", "b"], ["1", "2"]]),
      ("a,b\r\n1,2", [["a", "b"], ["1", "2"]]),
      ("a,b\r1,2\r", [["a", "b"], ["1", "2"]]),
      ("\u{FEFF}a,b\n1,2\n", [["a", "b"], ["1", "2"]]),
      ("a,b\n\n1,\n,\n", [["a", "b"], ["1", ""], ["", ""]]),
      ("a,b\n1,", [["a", "b"], ["1", ""]]),
      ("a,b\n\"x, y\",\"say \"\"ah\"\"\"\n", [["a", "b"], ["x, y", "say \"ah\""]]),
      ("a,b\n\"two\nlines\",\"\"\n", [["a", "b"], ["two\nlines", ""]]),
      ("a,b\n5\" radiograph, spaced \n", [["a", "b"], ["5\" radiograph", " spaced "]]),
      ("a;b\n1,5;2\n", [["a", "b"], ["1,5", "2"]]),
      ("a\tb\n1\t2,3\n", [["a", "b"], ["1", "2,3"]]),
      ("\"a;b;c\",d\nα,β\n", [["a;b;c", "d"], ["α", "β"]]),
    ] as [(String, [[String]])]) func readsTheDialect(text: String, expected: [[String]]) throws
  {
    #expect(try rows(text) == expected)
  }

  @Test func linesAreCountedThroughQuotes() throws {
    var reader = try DelimitedReader(Array("a,b\n\"1\n2\n3\",x\n\ny,z\n".utf8))
    var lines: [Int] = []
    while let record = try reader.next() { lines.append(record.line) }
    #expect(lines == [1, 2, 6])
  }

  @Test func brokenTextNamesItsLine() {
    let cases: [([UInt8], Int, String)] = [
      (Array("a,b\n1,\"open\nfor ever".utf8), 2, "never closed"),
      (Array("a,b\n1,2\n\"x\"y,3\n".utf8), 3, "closing quote"),
      (Array("a,b\n1,".utf8) + [0xE9, 0x0A], 2, "UTF-8"),
      (Array("a,b\n1,".utf8) + [0, 0x0A], 2, "UTF-8"),
      ([0xFF, 0xFE, 0x61, 0], 1, "UTF-16"),
    ]
    for (bytes, line, words) in cases {
      do {
        _ = try rows(bytes)
        Issue.record("nothing was wrong with \(bytes)")
      } catch let problem as DelimitedReader.Problem {
        #expect(problem.line == line)
        #expect(problem.text.contains(words))
      } catch { Issue.record("\(error)") }
    }
  }
}
