import Console
import CoreTensor
import Foundation
import Runs
import WorldModel

extension Settings {
  /// All settings as TOML, each with where it came from; `--config` reads it back to the same values.
  public var tomlText: String {
    var lines = ["# Every setting of a chex-runner run and where it came from. --config reads this file."]
    for table in catalogue.tables where !table.declarations.isEmpty {
      lines += ["", Self.comment(table.summary), "[\(Self.tomlKey(table.name))]"]
      let entries = table.declarations.map { declaration -> (text: String, origin: String) in
        let setting = self[table.name, declaration.name]
        return ("\(Self.tomlKey(declaration.name)) = \(setting.value.tomlText)", "from \(setting.origin)")
      }
      let width = min(48, entries.map(\.text.count).max() ?? 0)
      lines += entries.map { HelpLayout.padded($0.text, to: width + 2) + Self.comment($0.origin) }
    }
    return lines.joined(separator: "\n") + "\n"
  }

  /// All settings as JSON: `{"training": {"epochs": {"from": "default", "value": 300}, …}, …}`.
  public var jsonText: String {
    var tables: [String: [String: PrintedSetting]] = [:]
    for key in catalogue.keys {
      let setting = self[key]
      tables[key.table, default: [:]][key.name] = PrintedSetting(
        value: PlainValue(setting.value), from: setting.origin.description)
    }
    do { return String(try JsonText.encoded(tables).dropLast()) } catch {
      fail("Settings: finite values always encode, but: \(error)")
    }
  }

  private struct PrintedSetting: Encodable {
    let value: PlainValue
    let from: String
  }

  /// TOML forbids control characters in comments, and a file's name may hold some.
  private static func comment(_ text: String) -> String {
    "# " + String(String.UnicodeScalarView(text.unicodeScalars.map { isControl($0) ? "?" : $0 }))
  }

  private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
    scalar.value < 0x20 || scalar.value == 0x7f || scalar.properties.generalCategory == .control
      || scalar.value == 0x2028 || scalar.value == 0x2029
  }

  /// A key as TOML writes it: bare where it may be.
  private static func tomlKey(_ name: String) -> String {
    let isBare =
      !name.isEmpty
      && name.unicodeScalars.allSatisfy { scalar in
        scalar.isASCII && (scalar.properties.isAlphabetic || "0123456789_-".unicodeScalars.contains(scalar))
      }
    return isBare ? name : OptionValue.text(name).tomlText
  }
}

/// An option's value as plain JSON: a number, a text, a list, without the name of its case.
public struct PlainValue: Encodable, Sendable {
  private let value: OptionValue
  public init(_ value: OptionValue) { self.value = value }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch value {
    case .integer(let value): try container.encode(value)
    case .number(let value): try container.encode(value)
    case .boolean(let value): try container.encode(value)
    case .text(let value): try container.encode(value)
    case .list(let items): try container.encode(items.map(PlainValue.init))
    }
  }
}
