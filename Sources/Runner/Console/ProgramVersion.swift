/// The version of the program and of its modules.
public enum ProgramVersion {
  public static let current = "0.4.0"
}
