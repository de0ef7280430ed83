"""Start the orders service."""

from demo.database.connections import open_engine
from demo.faults.small_pool import Pools
from demo.orders.app import create_app
from demo.orders.stock_client import StockClient
from demo.service.run import run, service_parser

parser = service_parser("orders")
parser.add_argument("--stock", required=True, metavar="URL", help="where the stock service answers")
options = parser.parse_args()
pools = Pools(usual=open_engine(options.database), single=open_engine(options.database, pool_size=1))
run(create_app(pools, StockClient(options.stock)), options.listen_fd)
