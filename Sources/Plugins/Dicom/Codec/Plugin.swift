import CoreTensor
import WorldModel

/// DICOM as a codec plugin: `kind = "codec"`, `name = "dicom"`.
public let dicomDefinition = CodecDefinition(
  name: "dicom", summary: "DICOM radiographs, decoded by GDCM in processes of their own",
  options: [
    OptionDeclaration(
      "percentiles", .interval(default: 0.5...99.5, in: 0...100),
      help:
        "stored values that become black and white where a radiograph has no window of its own, in percent"),
    OptionDeclaration(
      "ignore_window", .boolean(default: false),
      help: "use the percentiles even where a radiograph has a window or a table of its own"),
    OptionDeclaration(
      "time_limit", .number(default: 30, in: 1...600),
      help: "for one radiograph; its worker is ended then, seconds"
    ),
  ],
  make: { options in
    let window = options.interval("percentiles")
    guard window.lowerBound < window.upperBound else {
      throw CodecOptionError(
        problem: "percentiles: the first must lie below the second, both are \(window.lowerBound)")
    }
    return DicomCodec(
      pool: DicomWorkerPool(timeLimit: options.number("time_limit")),
      rendering: DicomRendering(
        lowPercentile: window.lowerBound, highPercentile: window.upperBound,
        ignoresWindow: options.boolean("ignore_window")))
  })

/// An option that its declaration cannot rule out.
struct CodecOptionError: Error, CustomStringConvertible {
  let problem: String
  var description: String { "option \(problem)" }
}

/// What the host looks up in the library.
@c(chex_plugin)
public func entry() -> UnsafePointer<chex_plugin_information> {
  pluginInformation(name: "dicom", version: "1.0.0", compiledAgainst: CHEX_CORE_FINGERPRINT) {
    $0.register(dicomDefinition)
  }
}
