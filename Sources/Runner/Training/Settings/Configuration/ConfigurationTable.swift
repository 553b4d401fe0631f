import Batches
import WorldModel

/// A table of settings and the values that it fills: each setting is declared once, with its name, the field that holds
/// it, what is allowed and one line of help. The default is what the field holds to begin with.
struct ConfigurationTable<Values>: Sendable where Values: Sendable {
  /// The declarations, as the catalogue has them.
  let declared: SettingsTable
  private let defaults: Values
  private let settings: [Setting<Values>]

  init(
    _ name: String, _ summary: String, _ defaults: Values,
    @SettingsBuilder<Values> settings: () -> [Setting<Values>]
  ) {
    let settings = settings()
    (self.defaults, self.settings) = (defaults, settings)
    declared = SettingsTable(name, summary, settings.map { $0.declaration(defaults) })
  }

  /// The values that resolved settings come to.
  /// - Throws: `SettingsError` where values that are each allowed do not fit together.
  func values(_ resolved: Settings) throws -> Values {
    var values = defaults
    let options = resolved.options(of: declared.name)
    for setting in settings { try setting.fill(&values, options, resolved) }
    return values
  }
}

/// The settings of a table, one below the other.
@resultBuilder
enum SettingsBuilder<Values: Sendable> {
  static func buildExpression(_ setting: Setting<Values>) -> Setting<Values> { setting }
  static func buildBlock(_ settings: Setting<Values>...) -> [Setting<Values>] { settings }
}

/// One setting of a table.
struct Setting<Values>: Sendable {
  typealias Field<Value> = WritableKeyPath<Values, Value> & Sendable
  /// Takes one setting, or more of them, to the values.
  typealias Fill = @Sendable (inout Values, Options, Settings) throws -> Void

  let declaration: @Sendable (Values) -> OptionDeclaration
  let fill: Fill

  private init(
    _ name: String, _ help: String, _ kind: @escaping @Sendable (Values) -> OptionKind, fill: @escaping Fill
  ) {
    declaration = { OptionDeclaration(name, kind($0), help: help) }
    self.fill = fill
  }

  /// A setting that is no field by itself.
  /// - Parameter fill: takes it to the values; nothing, where another setting of the table does.
  init(_ name: String, _ kind: OptionKind, help: String, fill: @escaping Fill = { _, _, _ in }) {
    self.init(name, help, { _ in kind }, fill: fill)
  }

  init(_ name: String, _ field: Field<Int>, in range: ClosedRange<Int>, help: String) {
    self.init(name, help, { .integer(default: $0[keyPath: field], in: range) }) { values, options, _ in
      values[keyPath: field] = options.integer(name)
    }
  }

  init(_ name: String, _ field: Field<Double>, in range: ClosedRange<Double>, help: String) {
    self.init(name, help, { .number(default: $0[keyPath: field], in: range) }) { values, options, _ in
      values[keyPath: field] = options.number(name)
    }
  }

  init(_ name: String, _ field: Field<Bool>, help: String) {
    self.init(name, help, { .boolean(default: $0[keyPath: field]) }) { values, options, _ in
      values[keyPath: field] = options.boolean(name)
    }
  }

  init(_ name: String, _ field: Field<String>, help: String) {
    self.init(name, help, { .text(default: $0[keyPath: field]) }) { values, options, _ in
      values[keyPath: field] = options.text(name)
    }
  }

  init(_ name: String, _ field: Field<[String]>, help: String) {
    self.init(name, help, { .texts(default: $0[keyPath: field]) }) { values, options, _ in
      values[keyPath: field] = options.texts(name)
    }
  }

  init(_ name: String, _ field: Field<[Double]>, in range: ClosedRange<Double>, help: String) {
    self.init(name, help, { .numbers(default: $0[keyPath: field], in: range) }) { values, options, _ in
      values[keyPath: field] = options.numbers(name)
    }
  }

  init(
    _ name: String, _ field: Field<ClosedRange<Double>>, in range: ClosedRange<Double>, help: String
  ) {
    self.init(name, help, { .interval(default: $0[keyPath: field], in: range) }) { values, options, _ in
      values[keyPath: field] = options.interval(name)
    }
  }

  /// One of the cases of an enumeration, by their names.
  init<Choice: RawRepresentable<String> & CaseIterable & Sendable & SendableMetatype>(
    _ name: String, _ field: Field<Choice>, help: String
  ) {
    let names = Choice.allCases.map(\.rawValue)
    self.init(name, help, { .choice(default: $0[keyPath: field].rawValue, of: names) }) {
      values, options, _ in
      values[keyPath: field] = Choice(rawValue: options.text(name))!
    }
  }

  /// One of the cases of an enumeration, or none of them, which `word` says.
  init<Choice: RawRepresentable<String> & CaseIterable & Sendable & SendableMetatype>(
    _ name: String, _ field: Field<Choice?>, orNone word: String, help: String
  ) {
    let names = [word] + Choice.allCases.map(\.rawValue)
    self.init(name, help, { .choice(default: $0[keyPath: field]?.rawValue ?? word, of: names) }) {
      values, options, _ in values[keyPath: field] = Choice(rawValue: options.text(name))
    }
  }

  /// Conditions on columns, each `column=value`.
  init(_ name: String, _ field: Field<[ColumnFilter]>, help: String) {
    self.init(name, help, { .texts(default: $0[keyPath: field].map(\.description)) }) { values, options, _ in
      values[keyPath: field] = options.texts(name).compactMap(ColumnFilter.init)
    }
  }
}
