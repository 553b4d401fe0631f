import WorldModel

extension RadiographCollection {
  /// ChestDR of MedFMC: 19 findings, and lists with 1, 5 or 10 radiographs for each, drawn five times.
  ///
  /// With `shots` the training and validation lists of that draw are "train" and "val"; without, the list of all
  /// training radiographs is "train". The labelled test list is "test". Patients are not published.
  static let medfmc = RadiographCollection(
    name: "medfmc", title: "MedFMC ChestDR",
    layout: "chest_1-shot_train_exp1.txt … chest_10-shot_val_exp5.txt, trainval.txt, test_WithLabel.txt "
      + "(name l1,l2,…,l19) and radiographs in any folders",
    obeys: [.shots, .draw], marks: [.table("-shot_train_exp")],
    read: { request in try MedFmcReader.read(request) })
}

private enum MedFmcReader {
  /// In the order of the lists' numbers, as the owners' code names them.
  private static let findings = [
    "pleural_effusion", "nodule", "pneumonia", "cardiomegaly", "hilar_enlargement", "fracture_old",
    "fibrosis",
    "aortic_calcification", "tortuous_aorta", "thickened_pleura", "TB", "pneumothorax", "emphysema",
    "atelectasis",
    "calcification", "pulmonary_edema", "increased_lung_markings", "elevated_diaphragm", "consolidation",
  ]

  static func read(_ request: CollectionFolder.Request) throws -> CollectionSource {
    let options = request.options
    if options.shots == 0 && options.draw != 1 {
      throw TableProblem("draw is \(options.draw), but shots is 0: there are draws of 1, 5 or 10 shots only")
    }
    let folder = try CollectionFolder(path: request.folder, decoder: request.decoder)
    var paths: [String] = []
    if options.shots == 0 {
      paths += list(folder) { $0.contains("trainval") }
      if paths.isEmpty {
        throw request.lacks(
          "trainval.txt, the list of all training radiographs (or choose shots 1, 5 or 10)", in: folder)
      }
    } else {
      func name(_ split: String) -> String { "\(options.shots)-shot_\(split)_exp\(options.draw)" }
      paths += list(folder) { $0.contains(name("train")) }
      if paths.isEmpty { throw request.lacks("chest_\(name("train")).txt", in: folder) }
      paths += list(folder) { $0.contains(name("val")) }
    }
    paths += list(folder) { $0.contains("test") && $0.contains("withlabel") }
    let lists = try SplitLists(paths, count: findings.count)
    var listing = CollectionListing(name: request.collection.name, folder: folder, findings: findings)
    if options.shots > 0 { listing.remarks = ["\(options.shots) shots, draw \(options.draw)"] }
    for entry in lists.entries {
      let found = zip(findings, entry.values).filter { $0.1 == 1 }.map(\.0)
      try listing.add(
        ListedRadiograph(
          record: RadiographRecord(
            identifier: entry.name, split: entry.split, view: .frontal, findings: Set(found)),
          place: entry.place))
    }
    return try listing.source(opensHeaders: true)
  }

  /// The first list so named that is not of the colon or of endoscopy, which MedFMC publishes beside it.
  private static func list(_ folder: CollectionFolder, _ wanted: (String) -> Bool) -> [String] {
    folder.lists(wanted).filter { path in
      let own = path.dropFirst(folder.path.count).lowercased()
      return own.contains("chest") || !(own.contains("colon") || own.contains("endo"))
    }.prefix(1).map { $0 }
  }
}
