use serde_json::Value;
