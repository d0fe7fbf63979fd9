pub(super) fn write_message(_: usize, _: &dyn Fn(&str) -> Option<Value>) -> Result<String, String> {
    Err(String::new())
}
