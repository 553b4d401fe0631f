import CoreTensor
import Imaging
import PluginHost
import WorldModel

/// The codecs of plugins, each known by its plugin's name where it crashes.
enum RadiographCodecs {
  /// Codecs of enabled plugins, in the registry's order.
  /// - Parameter options: resolves a plugin's options from its name and declarations.
  static func make(
    _ plugins: [LoadedPlugin], options: (String, [OptionDeclaration]) -> Options
  ) throws -> [any ImageCodec] {
    try plugins.compactMap { plugin in
      guard plugin.enabled, case .codec(let definition) = plugin.definition else { return nil }
      let owner = "codec \"\(plugin.name)\""
      let codec = try PluginCode(owner, "make").run {
        try definition.make(options(plugin.name, definition.options))
      }
      return NamedCodec(codec, owner: owner)
    }
  }
}

private struct NamedCodec: ImageCodec {
  let codec: any ImageCodec
  let code: PluginCode

  init(_ codec: any ImageCodec, owner: String) {
    (self.codec, code) = (codec, PluginCode(owner, "decode"))
  }

  var name: String { codec.name }
  var fileExtensions: [String] { codec.fileExtensions }
  var describesRadiographs: Bool { codec.describesRadiographs }

  func recognizes(_ bytes: UnsafeRawBufferPointer) -> Bool { code.run { codec.recognizes(bytes) } }
  func header(of bytes: UnsafeRawBufferPointer) throws -> ImageHeader {
    try code.run { try codec.header(of: bytes) }
  }
  func decode(
    _ bytes: UnsafeRawBufferPointer, _ header: ImageHeader, shorterSide: Int?
  ) throws -> GrayImage {
    try code.run { try codec.decode(bytes, header, shorterSide: shorterSide) }
  }
}
