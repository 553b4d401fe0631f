import Runs

/// Tags of the fields of `metrics.jsonl`, in groups that TensorBoard shows together.
public enum MetricTags {
  private static let groups = [
    "epoch": "progress", "gradient_norm": "optimization", "learning_rate": "optimization",
    "ema_decay": "optimization", "images_per_second": "speed", "data_wait_share": "speed",
  ]

  /// `loss/total` of the loss, `loss/z12` of a term, `patches/z12` of a term's patches, `seconds/local.draw` of a task's
  /// time, and `optimization/…`, `speed/…` and `progress/epoch`.
  public static func tag(of field: String) -> String {
    if field == "loss" { return "loss/total" }
    if let group = groups[field] { return "\(group)/\(field)" }
    for group in ["patches", "seconds"] where field.hasPrefix(group + ".") {
      return group + "/" + field.dropFirst(group.count + 1)
    }
    return "loss/" + field
  }

  /// The numbers of a line of metrics under their tags; what is no number is left out.
  public static func scalars(_ fields: [(name: String, value: MetricValue)]) -> [(tag: String, value: Double)]
  {
    fields.compactMap { name, value in
      switch value {
      case .integer(let number): (tag(of: name), Double(number))
      case .number(let number): (tag(of: name), number)
      case .float(let number): (tag(of: name), Double(number))
      case .boolean, .text: nil
      }
    }
  }
}
