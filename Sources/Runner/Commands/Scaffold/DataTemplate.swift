enum DataTemplate {
  static let source = #"""
    import CoreTensor
    import Foundation
    import Imaging
    import WorldModel

    @c(chex_plugin) public func entry() -> UnsafePointer<chex_plugin_information> {
      pluginInformation(name: "{name}", version: "0.1.0", compiledAgainst: CHEX_CORE_FINGERPRINT) {
        $0.register({module}.definition)
      }
    }

    /// Radiographs with a bright disc on a dark ground: put your collection in its place.
    public struct {module}: RadiographSource {
      public static let definition = DataSourceDefinition(
        name: "{name}", summary: "radiographs with a bright disc, large or small",
        options: [
          OptionDeclaration(
            "images", .integer(default: 256, in: 1...1_000_000), help: "how many there are")
        ],
        make: { {module}(radiographs: $0.integer("images"), seed: $1) })

      public let summary: String
      public let records: [RadiographRecord]
      public let findingNames = ["large"]
      let seed: UInt64

      init(radiographs: Int, seed: UInt64) {
        self.seed = seed
        summary = "{name}, seed \(seed), \(radiographs) radiographs"
        records = (0..<radiographs).map { index in
          RadiographRecord(
            identifier: "disc-\(index)", patient: "patient-\(index / 2)",
            findings: Self.radius(index, seed) > 40 ? ["large"] : [])
        }
      }

      private static func radius(_ index: Int, _ seed: UInt64) -> Double {
        var random = RandomStream(seed: seed, stream: "{name}.radius", index: index)
        return random.uniform(in: 20...60)
      }

      /// 256 × 256 pixels. Throw `UnusableRadiograph` for one that cannot be read: the run skips and lists it.
      public func radiograph(at index: Int) throws -> GrayImage {
        var random = RandomStream(seed: seed, stream: "{name}.place", index: index)
        let (row, column) = (random.uniform(in: 80...176), random.uniform(in: 80...176))
        let radius = Self.radius(index, seed)
        var image = GrayImage(width: 256, height: 256, fill: 0.1)
        for y in 0..<image.height {
          for x in 0..<image.width where hypot(Double(y) - row, Double(x) - column) < radius {
            image[y, x] = 0.8
          }
        }
        return image
      }
    }

    """#

  static let tests = #"""
    {imports}

    @Test func keepsEveryPromise() {
      let checks = checkDataSource({module}.definition, options: ["images": .integer(8)])
      #expect(checks.filter { !$0.isKept } == [])
    }

    """#

  static let readme = #"""
    # {name}

    A source of radiographs for CheX World: discs, until you put your collection in their place.

    ```sh
    swift test -c release                  # holds the source to every promise of the protocol; the first time builds the core too
    chex-runner plugins check .            # the same
    ```

    In the folder of the `plugins.toml` that lists it, or with `--plugins FILE`:

    ```sh
    chex-runner --preset quick --data {name} --dry-run          # what a batch looks like: dry-run.png
    ```

    `Sources/{module}/{module}.swift` is all there is: `records` says what is known of each radiograph, `radiograph(at:)` decodes one.
    It is called from several threads at once and must give the same pixels each time. A `command` of the definition
    makes `chex-runner {name} --out DIR`, which writes the radiographs; `default = true` in the table of `plugins.toml` makes them
    those of a run that names none, once no other source there has the mark.

    """#
}
