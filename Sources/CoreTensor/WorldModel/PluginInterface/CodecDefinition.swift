import Imaging

/// A file format as a plugin registers it: `kind = "codec"` in `plugins.toml`. Files are given to the first codec that
/// recognises them by content, the program's own PNG and JPEG before plugins, plugins in the registry's order.
public struct CodecDefinition: Sendable {
  public let name: String
  public let summary: String
  public let options: [OptionDeclaration]
  public let make: @Sendable (Options) throws -> any ImageCodec

  public init(
    name: String, summary: String, options: [OptionDeclaration] = [],
    make: @escaping @Sendable (Options) throws -> any ImageCodec
  ) {
    self.name = name
    self.summary = summary
    self.options = options
    self.make = make
  }
}
