//! Sales, each once per Idempotency-Key of an organisation.

use async_trait::async_trait;
use protocol::sale::NewSale;
use uuid::Uuid;

use crate::{AuditEntry, Millis, StoreError};

/// A sale to keep.
#[derive(Clone, Debug)]
pub struct NewSaleRow {
    /// A new UUIDv7.
    pub id: Uuid,
    /// The organisation; the key is unique within it.
    pub organization_id: Uuid,
    /// The site, if the session has one.
    pub site_id: Option<Uuid>,
    /// Who sold.
    pub operator_id: Uuid,
    /// The ticket's id on the device.
    pub idempotency_key: Uuid,
    /// SHA-256 of the request's body in canonical form: the same key with another body is refused.
    pub body_hash: [u8; 32],
    /// The sale.
    pub sale: NewSale,
    /// When the server took it.
    pub now: Millis,
}

/// A sale as kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SaleRow {
    /// Its id.
    pub id: Uuid,
    /// Its organisation.
    pub organization_id: Uuid,
    /// The ticket's id on the device.
    pub idempotency_key: Uuid,
    /// Who sold.
    pub operator_id: Uuid,
    /// The sum in cents.
    pub total_cents: u32,
    /// When the server took it.
    pub received_at: Millis,
}

/// What became of a sale that was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SaleOutcome {
    /// It is kept.
    Kept(SaleRow),
    /// It was kept before, with the same body: here it is again.
    KeptBefore(SaleRow),
    /// The key was used with another body; nothing changed.
    KeyReused,
    /// A line names a category that this organisation does not have.
    CategoryUnknown(Uuid),
    /// The till's day that it names is closed.
    TillDayClosed,
    /// The organisation has no such day of a till.
    TillDayUnknown,
}

/// Sales.
#[async_trait]
pub trait Sales {
    /// Keeps a sale with its lines and payments, once. The audit entry is written only where the sale is new. A category that
    /// is archived by now sells as any other: the ticket was made while it was in use. A day of a till that it names is open
    /// and stays so until the sale is kept; a sale that was kept before is so for ever, whatever became of its day.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn keep_sale(&self, new: NewSaleRow, audit: AuditEntry) -> Result<SaleOutcome, StoreError>;

    /// An operator's newest sales, newest first.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn sales_of(
        &self,
        organization_id: Uuid,
        operator_id: Uuid,
        limit: u32,
    ) -> Result<Vec<SaleRow>, StoreError>;
}
