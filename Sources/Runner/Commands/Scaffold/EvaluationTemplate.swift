enum EvaluationTemplate {
  static let source = #"""
    import CoreTensor
    import WorldModel

    @c(chex_plugin) public func entry() -> UnsafePointer<chex_plugin_information> {
      pluginInformation(name: "{name}", version: "0.1.0", compiledAgainst: CHEX_CORE_FINGERPRINT) {
        $0.register({module}.definition)
      }
    }

    /// How often the radiographs nearest to a test radiograph have its findings: put your own evaluation in its place.
    public struct {module}: Evaluation {
      public static let definition = EvaluationDefinition(
        name: "{name}", summary: "Share of nearest training images with the same findings",
        options: [
          OptionDeclaration(
            "neighbours", .integer(default: 5, in: 1...1000), help: "Nearest training images of each test image.")
        ],
        make: { {module}(neighbours: $0.integer("neighbours")) })

      let neighbours: Int

      public func callAsFunction(_ input: EvaluationInput) throws -> EvaluationResult {
        guard !input.findingNames.isEmpty else { throw NoLabels() }
        let counts = input.test.records.indices.map { radiograph in
          nearest(to: input.test.row(radiograph), in: input.train).filter {
            input.train.records[$0].findings == input.test.records[radiograph].findings
          }.count
        }
        let most = Double(min(neighbours, input.train.records.count) * counts.count)
        let share = MetricKey("share with the same findings")
        return EvaluationResult([EvaluationMetric(share, Double(counts.reduce(0, +)) / most)])
      }

      /// By the angle between vectors.
      private func nearest(to vector: ArraySlice<Float>, in radiographs: FeatureSet) -> [Int] {
        let similar = radiographs.records.indices.map { radiograph -> (radiograph: Int, cosine: Float) in
          let other = radiographs.row(radiograph)
          let product = zip(vector, other).reduce(0) { $0 + $1.0 * $1.1 }
          let square = other.reduce(0) { $0 + $1 * $1 }
          return (radiograph, product / max(square.squareRoot(), 1e-12))
        }
        let ordered = similar.sorted { ($0.cosine, $1.radiograph) > ($1.cosine, $0.radiograph) }
        return ordered.prefix(neighbours).map(\.radiograph)
      }
    }

    struct NoLabels: Error, CustomStringConvertible {
      let description = "{name}: the radiographs have no labels; give a table with findings (--label-column)"
    }

    """#

  static let tests = #"""
    {imports}

    @Test func keepsEveryPromise() {
      #expect(checkEvaluation({module}.definition).filter { !$0.isKept } == [])
    }

    """#

  static let readme = #"""
    # {name}

    An evaluation for CheX World: how often the nearest images have the same findings, until you put your own in its
    place.

    ```sh
    swift test -c release                  # holds the evaluation to every promise of the protocol; the first time builds the core too
    chex-runner plugins check .            # the same
    ```

    In the folder of the `plugins.toml` that lists it, or with `--plugins FILE`:

    ```sh
    chex-runner {name} RUN                 # the metrics of a run's encoder, and of the same at random
    ```

    `Sources/{module}/{module}.swift` is all there is: it gets frozen features of radiographs to learn from and of others to
    test on, with what is known of each radiograph, and returns metrics with their keys, tables, charts and picture sheets.

    """#
}
