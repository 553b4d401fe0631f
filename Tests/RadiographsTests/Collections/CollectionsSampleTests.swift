import Foundation
import Testing
import WorldModel

@testable import Radiographs

/// The owners' formats as samples beside the repository hold them, with tiny radiographs for the names that they list.
@Suite(
  .enabled(if: Fixtures.realRadiographs != nil, "no samples of formats in shared/cxr beside the repository"))
struct CollectionsSampleTests {
  private func tree(_ name: String, _ sample: String, as file: String) throws -> CollectionTree {
    let tree = try CollectionTree(name)
    let text = try String(
      contentsOfFile: try #require(Fixtures.realRadiographs) + "/formats/" + sample, encoding: .utf8)
    try tree.text(file, text)
    return tree
  }

  @Test func nihHeads() throws {
    let tree = try tree("nih", "NIH_Data_Entry_2017_v2020.head.csv", as: "Data_Entry_2017_v2020.csv")
    let boxes = try String(
      contentsOfFile: Fixtures.realRadiographs! + "/formats/NIH_BBox_List_2017.head.csv", encoding: .utf8)
    try tree.text("BBox_List_2017.csv", boxes)
    try tree.radiographs("images/00000001_000.png", "images/00000003_003.png")
    let source = try tree.open()
    #expect(source.records.map(\.findings) == [["Cardiomegaly"], ["Hernia", "Infiltration"]])
    #expect(source.notes.contains { $0.contains("22 radiographs of the table are not in the folder") })
  }

  @Test func chexpertSynthetic() throws {
    let tree = try tree("chexpert", "CheXpert_train.synthetic.csv", as: "train.csv")
    try tree.radiographs(
      "train/patient90001/study1/view1_frontal.jpg", "train/patient90003/study2/view1_frontal.jpg")
    let source = try tree.open(CollectionOptions(uncertain: .ignore))
    #expect(source.records.map(\.view) == [.anteroposterior, .frontal])
    #expect(source.records.map(\.findings) == [["Lung Opacity"], ["Atelectasis", "Support Devices"]])
    #expect(source.records.map(\.unknown) == [["Consolidation"], ["Pneumonia"]])
  }

  @Test func siimSyntheticCounts() throws {
    let tree = try tree("siim", "SIIM_train-rle.synthetic.csv", as: "train-rle.csv")
    try tree.radiographs("1.2.3.4.1.png", "1.2.3.4.2.png", "1.2.3.4.3.png", width: 1024, height: 1024)
    let source = try tree.open()
    let counts = try (0..<3).map { try source.truth(at: $0)?.masks["Pneumothorax"]?.pixels.count { $0 == 1 } }
    #expect(counts == [0, 240, 340])
  }

  @Test func theOtherSyntheticTables() throws {
    let rsna = try tree("rsna", "RSNA_stage_2_train_labels.synthetic.csv", as: "stage_2_train_labels.csv")
    try rsna.text(
      "stage_2_detailed_class_info.csv",
      try String(
        contentsOfFile: Fixtures.realRadiographs! + "/formats/RSNA_stage_2_detailed_class_info.synthetic.csv",
        encoding: .utf8))
    let patient = "00000000-0000-4000-8000-00000000000"
    try rsna.radiographs("\(patient)1.png", "\(patient)2.png", "\(patient)3.png")
    let opened = try rsna.open()
    #expect(
      opened.records.map(\.findings) == [["No Lung Opacity / Not Normal"], ["Lung Opacity"], ["Normal"]])
    #expect(try opened.truth(at: 1)?.boxes.count == 2)
    let lists = try tree("rsna", "RSNAPneumonia_train.synthetic.txt", as: "RSNAPneumonia_train.txt")
    try lists.radiographs("\(patient)1.png", "\(patient)2.png", "\(patient)3.png")
    #expect(try lists.open().records.map(\.findings) == opened.records.map(\.findings))

    let image = "0000000000000000000000000000000"
    let vindr = try tree("vindr", "VinBigData_train.synthetic.csv", as: "train.csv")
    try vindr.radiographs("train/\(image)1.png", "train/\(image)2.png")
    #expect(try vindr.open().records.map(\.findings) == [[], []])
    let one = try vindr.open(CollectionOptions(agreement: 1))
    #expect(one.records[1].findings == ["Cardiomegaly", "Aortic enlargement"])
    let global = try tree(
      "vindr", "VinDrCXR_train_pe_global_one.synthetic.txt", as: "VinDrCXR_train_pe_global_one.txt")
    try global.radiographs("train_jpeg/\(image)1.jpeg", "train_jpeg/\(image)2.jpeg")
    #expect(try global.open().records.map(\.findings) == [[], ["Pleural effusion", "Pneumonia"]])

    let medfmc = try tree(
      "medfmc", "MedFMC_chest_1-shot_train_exp1.synthetic.txt", as: "chest_1-shot_train_exp1.txt")
    try medfmc.radiographs("images/5AAAAAAAAAAAAA1.png", "images/DX.1.2.3.4.5.png")
    let few = try medfmc.open(CollectionOptions(shots: 1))
    #expect(few.records[0].findings.count == 7 && few.records[1].findings.contains("pneumonia"))
  }

  @Test func realRadiographsUnderTheirOwnersTables() throws {
    let folder = try #require(Fixtures.realRadiographs)
    let nih = try openRadiographSource(path: "nih:" + folder)
    #expect(nih.records.count > 400 && nih.splits.keys.contains("val") && nih.splits.keys.contains("test"))
    #expect(nih.records.allSatisfy { $0.patient != nil && $0.view != nil })
    let index = try TableSource(table: folder + "/index.csv", options: TableOptions(filters: ["source=nih"]))
    let labels = Dictionary(uniqueKeysWithValues: index.records.map { ($0.identifier, $0.findings) })
    let compared = nih.records.filter { labels[$0.identifier] != nil }
    #expect(compared.count > 400)
    #expect(compared.allSatisfy { labels[$0.identifier]!.subtracting(["No Finding"]) == $0.findings })

    let shenzhen = try openRadiographSource(path: "shenzhen:" + folder)
    #expect(shenzhen.splits["train"]?.count == 48 && shenzhen.splits["val"]?.count == 10)
    let montgomery = try openRadiographSource(path: "montgomery:" + folder)
    let index0 = try #require(montgomery.records.indices.first { try montgomery.truth(at: $0) != nil })
    let truth = try #require(try montgomery.truth(at: index0)?.masks["lungs"])
    let radiograph = try montgomery.radiograph(at: index0)
    #expect(truth.width == radiograph.width && truth.height == radiograph.height)
    let share = Double(truth.pixels.count { $0 == 1 }) / Double(truth.pixels.count)
    #expect((0.1...0.5).contains(share))
  }
}
