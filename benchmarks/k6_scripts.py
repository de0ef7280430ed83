"""The scripts that benchmark ``k6`` compares: ways in which people give requests trace context by hand."""

from __future__ import annotations

from typing import Final

VUS: Final = 20
SECONDS: Final = 4

_HEAD: Final = f"""import http from 'k6/http';
import exec from 'k6/execution';
export const options = {{ vus: {VUS}, duration: '{SECONDS}s' }};
const url = `${{__ENV.BASE_URL}}/products/1`;
"""
# The quickest of four ways that were tried: Array.from over random bytes takes twice as long, a table of byte
# strings and md5's digits take as long.
_IDS: Final = """
const digits = () => Math.floor(Math.random() * 0x100000000).toString(16).padStart(8, '0');
"""

NO_CONTEXT: Final = f"""{_HEAD}
export default () => {{ http.get(url, {{ tags: {{ name: 'GET /products/1' }} }}); }};
"""

FIXED: Final = f"""{_HEAD}
const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
export default () => {{
  http.get(url, {{ headers: {{ traceparent }}, tags: {{ name: 'GET /products/1' }} }});
}};
"""

BY_HAND: Final = f"""{_HEAD}{_IDS}
export default () => {{
  const trace = digits() + digits() + digits() + digits();
  const traceparent = `00-${{trace}}-${{digits()}}${{digits()}}-01`;
  exec.vu.metrics.metadata.trace_id = trace;
  http.get(url, {{ headers: {{ traceparent }}, tags: {{ name: 'GET /products/1' }} }});
}};
"""

AS_A_TAG: Final = f"""{_HEAD}{_IDS}
export default () => {{
  const trace = digits() + digits() + digits() + digits();
  const traceparent = `00-${{trace}}-${{digits()}}${{digits()}}-01`;
  http.get(url, {{ headers: {{ traceparent }}, tags: {{ name: 'GET /products/1', trace_id: trace }} }});
}};
"""
