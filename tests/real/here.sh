# Starts a real llama.cpp server and makes a home whose only model is on it; to be sourced by a script that has set
# `root`, the project's directory, and `out`, an absolute one. Sets `address`, and stops the server when the script ends.
dir=${RETORT_REAL_DIR:-$root/target/real}
mkdir -p "$dir"
dir=$(cd "$dir" && pwd)
model=$("$root/tests/real/setup.sh" "$dir")

OMP_WAIT_POLICY=passive "$dir/venv/bin/python" "$root/tests/real/serve.py" "$model" --slots 2 >"$out/server" 2>"$out/server.err" &
server=$!
trap 'kill $server 2>/dev/null || true' EXIT
for _ in $(seq 300); do
    address=$(head -n 1 "$out/server")
    if [ -n "$address" ] && python3 -c "import urllib.request; urllib.request.urlopen('$address/health', timeout=5)" 2>/dev/null; then
        break
    fi
    sleep 0.2
done

export RETORT_CONFIG_DIR=$out/config RETORT_DATA_DIR=$out/data RETORT_CACHE_DIR=$out/cache RETORT_STATE_DIR=$out/state
mkdir -p "$RETORT_CONFIG_DIR"
cat >"$RETORT_CONFIG_DIR/config.toml" <<TOML
default_model = "smollm2-135m"
[providers.here]
kind = "openai"
base_url = "$address/v1"
[models.smollm2-135m]
provider = "here"
model = "smollm2-135m"
input_price = 0
output_price = 0
TOML
