extension AblationTable {
  /// Tables that ship with the program, by the names that `--table` takes.
  package static let shipped: [(name: String, text: String)] = [("paper", paperText)]

  /// Table 3 of the paper: tasks, what they tell the predictor, and one prediction for all tasks or one for each.
  private static let paperText = """
    title = "The paper's ablation"
    source = "CheXWorld (Yue et al., CVPR 2025), Table 3: fine-tuned on 1% of the labels"

    [[row]]
    name = "local"
    tasks = ["local"]
    reported."VinDr-CXR AUROC (%)" = [84.71, 1.00]
    reported."RSNA accuracy (%)" = [65.89, 0.54]

    [[row]]
    name = "local, global"
    tasks = ["local", "global"]
    reported."VinDr-CXR AUROC (%)" = [88.31, 0.88]
    reported."RSNA accuracy (%)" = [67.47, 0.51]

    [[row]]
    name = "local, domain"
    tasks = ["local", "domain"]
    reported."VinDr-CXR AUROC (%)" = [89.73, 0.50]
    reported."RSNA accuracy (%)" = [68.27, 1.00]

    [[row]]
    name = "all three"
    tasks = ["local", "global", "domain"]
    reported."VinDr-CXR AUROC (%)" = [90.53, 1.01]
    reported."RSNA accuracy (%)" = [70.01, 0.33]

    [[row]]
    name = "all three, naive"
    tasks = ["local", "global", "domain"]
    naive = true
    reported."VinDr-CXR AUROC (%)" = [89.12, 0.76]
    reported."RSNA accuracy (%)" = [68.37, 0.50]

    [[row]]
    name = "all three, without a"
    tasks = ["local", "global", "domain"]
    settings = { domain.latent = false }
    reported."VinDr-CXR AUROC (%)" = [89.91, 0.60]
    reported."RSNA accuracy (%)" = [68.98, 0.60]

    [[row]]
    name = "all three, without Δ"
    tasks = ["local", "global", "domain"]
    settings = { global.latent = false }
    reported."VinDr-CXR AUROC (%)" = [87.60, 0.72]
    reported."RSNA accuracy (%)" = [66.56, 0.39]
    """
}
