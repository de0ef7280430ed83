"""Start the stock service."""

from demo.database.connections import open_engine
from demo.service.run import run, service_parser
from demo.stock.app import create_app

options = service_parser("stock").parse_args()
run(create_app(open_engine(options.database)), options.listen_fd)
